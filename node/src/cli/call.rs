//! Any method of any contract, as JSON: the messages are those that the node's reflection tells.

use super::{Failure, prove, target::Target, verify};
use crate::client::{Client, ClientError};
use bytes::Bytes;
use clap::Args;
use futures::StreamExt;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions};
use prost_types::FileDescriptorProto;
use std::io::Read;
use stint_proto::v1;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

/// Calls a command: signed, ordered, executed by every validator.
#[derive(Args)]
pub struct Call {
    #[command(flatten)]
    asked: Asked,
}

/// Asks a query.
#[derive(Args)]
pub struct Query {
    #[command(flatten)]
    asked: Asked,
    /// Believe the validators' signatures and not the node: fetch all that the query reads with
    /// proofs, and run it again here
    #[arg(long)]
    prove: bool,
    /// On the state after this block, as far back as the node keeps states; to be proved, one of the newest 16
    /// [default: the newest]
    #[arg(long, default_value_t = 0)]
    height: u64,
}

#[derive(Args)]
struct Asked {
    #[command(flatten)]
    target: Target,
    /// The commons that is meant
    #[arg(long)]
    commons: String,
    /// For example stint.contribute.v1.Contribute/GetShares
    method: String,
    /// The request as JSON; - reads standard input
    #[arg(default_value = "{}")]
    request: String,
}

impl Asked {
    /// A connection, the method as the node describes it, and the request encoded for it.
    async fn prepare(&self) -> Result<(Client, MethodDescriptor, Bytes), Failure> {
        let client = self.target.connect().await?;
        let method = describe(&client, &self.method).await?;
        let request = encode(&method, &self.request)?;
        Ok((client, method, request))
    }
}

impl Call {
    pub async fn execute(&self) -> Result<(), Failure> {
        let asked = &self.asked;
        let (client, method, request) = asked.prepare().await?;
        let key = asked.target.signer()?;
        let (response, height) = client.command(&key, &asked.commons, &path(&method), request).await?;
        print(&method, response)?;
        eprintln!("final at height {height}");
        Ok(())
    }
}

impl Query {
    pub async fn execute(&self) -> Result<(), Failure> {
        let asked = &self.asked;
        let (client, method, request) = asked.prepare().await?;
        if self.prove {
            let (commons, height) = (asked.commons.clone(), self.height);
            let question = v1::Question { commons, method: path(&method), request, height };
            let (response, proven) = prove::query(&asked.target, &client, question).await?;
            print(&method, response)?;
            eprintln!("{}", verify::signers(&proven));
            return Ok(());
        }
        let (response, _) = client.query_at(&asked.commons, &path(&method), request, self.height).await?;
        print(&method, response)
    }
}

pub fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// Asks the node what a method takes and gives.
pub async fn describe(client: &Client, name: &str) -> Result<MethodDescriptor, Failure> {
    let shape = || format!("{name:?} is no method; a method is written package.Service/Method");
    let (service, method) = name.trim_start_matches('/').rsplit_once('/').ok_or_else(shape)?;
    let ask = |what| ServerReflectionRequest { host: String::new(), message_request: Some(what) };
    let request = ask(MessageRequest::FileContainingSymbol(service.into()));
    let mut reflection = ServerReflectionClient::new(client.channel());
    let mut answers = reflection
        .server_reflection_info(futures::stream::iter([request, ask(MessageRequest::ListServices(String::new()))]))
        .await
        .map_err(ClientError::from)?
        .into_inner();
    let mut pool = DescriptorPool::new();
    let mut services = Vec::new();
    while let Some(answer) = answers.next().await {
        match answer.map_err(ClientError::from)?.message_response {
            Some(MessageResponse::FileDescriptorResponse(found)) => {
                let files: Result<Vec<_>, _> =
                    found.file_descriptor_proto.iter().map(|f| FileDescriptorProto::decode(f.as_slice())).collect();
                pool.add_file_descriptor_protos(files?)?;
            }
            Some(MessageResponse::ListServicesResponse(list)) => {
                services = list.service.into_iter().map(|s| s.name).collect()
            }
            _ => {}
        }
    }
    let Some(found) = pool.get_service_by_name(service) else {
        return Err(format!("no service {service} here; there are: {}", services.join(", ")).into());
    };
    let methods: Vec<String> = found.methods().map(|m| m.name().to_string()).collect();
    let found = found.methods().find(|m| m.name() == method);
    found.ok_or_else(|| format!("{service} has no method {method}; it has: {}", methods.join(", ")).into())
}

pub fn encode(method: &MethodDescriptor, json: &str) -> Result<Bytes, Failure> {
    let mut text = String::new();
    let json = match json {
        "-" => {
            std::io::stdin().read_to_string(&mut text)?;
            text.as_str()
        }
        given => given,
    };
    let mut input = serde_json::Deserializer::from_str(json);
    let message = DynamicMessage::deserialize(method.input(), &mut input);
    let message = message.and_then(|m| input.end().map(|()| m));
    let message = message.map_err(|e| format!("the request is no {} as JSON: {e}", method.input().full_name()))?;
    Ok(message.encode_to_vec().into())
}

fn print(method: &MethodDescriptor, response: Bytes) -> Result<(), Failure> {
    println!("{}", json(&method.output(), response)?);
    Ok(())
}

/// A message as JSON for people.
pub fn json(ty: &MessageDescriptor, bytes: Bytes) -> Result<String, Failure> {
    let message = DynamicMessage::decode(ty.clone(), bytes)?;
    let options = SerializeOptions::new().skip_default_fields(false).stringify_64_bit_integers(false);
    let mut out = serde_json::Serializer::pretty(Vec::new());
    message.serialize_with_options(&mut out, &options)?;
    Ok(String::from_utf8(out.into_inner())?)
}
