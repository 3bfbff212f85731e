//! A method by its name: full, `package.Service/Method`, or short, `service.method`, in any case.

use crate::{
    cli::Failure,
    client::{Client, ClientError},
};
use futures::StreamExt;
use prost::Message;
use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use prost_types::FileDescriptorProto;
use stint_proto::v1;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

/// `/package.Service/Method`.
pub fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// Asks the node what a method takes and gives. With a commons, a short name means what serves that.
pub async fn describe(client: &Client, name: &str, commons: Option<&str>) -> Result<MethodDescriptor, Failure> {
    let shape = || {
        format!("{name:?} is no method; write service.method, for example contribute.record, or package.Service/Method")
    };
    let given = name.trim_start_matches('/');
    let (service, method) = given.rsplit_once('/').or_else(|| given.rsplit_once('.')).ok_or_else(shape)?;
    let service = &service_named(client, service, commons).await?;
    let found = service_of(client, service).await?;
    method_of(&found, method).ok_or_else(|| {
        let all: Vec<String> = found.methods().map(|m| m.name().to_string()).collect();
        format!("{service} has no method {method}; it has: {}", all.join(", ")).into()
    })
}

/// The full name of a service. With a commons, a word that may mean several means what serves that.
pub async fn service_named(client: &Client, word: &str, commons: Option<&str>) -> Result<String, Failure> {
    let known = services(client).await?;
    let mut candidates: Vec<&String> = known.iter().filter(|s| means(word, s)).collect();
    if let (true, Some(commons)) = (candidates.len() > 1, commons) {
        let serving = serving(client, commons).await?;
        candidates.retain(|c| serving.contains(c));
    }
    match candidates.as_slice() {
        [one] => Ok(one.to_string()),
        [] => Err(format!("no service {word} here; there are: {}", known.join(", ")).into()),
        several => {
            let several: Vec<&str> = several.iter().map(|s| s.as_str()).collect();
            Err(format!("{word} may mean {}; write more of the name", several.join(" or ")).into())
        }
    }
}

/// Whether a word means a service: its full name, or the end of it behind a dot.
fn means(word: &str, service: &str) -> bool {
    let (word, service) = (word.to_lowercase(), service.to_lowercase());
    service.strip_suffix(&word).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Methods are told apart by their letters and digits alone: get-shares is GetShares.
fn method_of(service: &ServiceDescriptor, word: &str) -> Option<MethodDescriptor> {
    let plain = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let exact = service.methods().find(|m| m.name() == word);
    exact.or_else(|| {
        let mut like = service.methods().filter(|m| plain(m.name()) == plain(word));
        like.next().filter(|_| like.next().is_none())
    })
}

async fn serving(client: &Client, commons: &str) -> Result<Vec<String>, Failure> {
    let found = client.query(commons, "/stint.v1.Kernel/GetCommons", Default::default()).await?;
    Ok(v1::GetCommonsResponse::decode(found)?.contracts.into_iter().map(|c| c.service).collect())
}

/// One question to the node's reflection.
async fn ask(client: &Client, what: MessageRequest) -> Result<Option<MessageResponse>, Failure> {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(what) };
    let mut reflection = ServerReflectionClient::new(client.channel()).max_decoding_message_size(16 << 20);
    let answers = reflection.server_reflection_info(futures::stream::iter([request])).await;
    let answer = answers.map_err(ClientError::from)?.into_inner().next().await;
    Ok(answer.transpose().map_err(ClientError::from)?.and_then(|a| a.message_response))
}

/// All services on the node.
async fn services(client: &Client) -> Result<Vec<String>, Failure> {
    match ask(client, MessageRequest::ListServices(String::new())).await? {
        Some(MessageResponse::ListServicesResponse(list)) => Ok(list.service.into_iter().map(|s| s.name).collect()),
        _ => Err("the node's reflection lists no services".into()),
    }
}

async fn service_of(client: &Client, service: &str) -> Result<ServiceDescriptor, Failure> {
    let mut pool = DescriptorPool::new();
    if let Some(MessageResponse::FileDescriptorResponse(found)) =
        ask(client, MessageRequest::FileContainingSymbol(service.into())).await?
    {
        let files = found.file_descriptor_proto.iter().map(|f| FileDescriptorProto::decode(f.as_slice()));
        pool.add_file_descriptor_protos(files.collect::<Result<Vec<_>, _>>()?)?;
    }
    pool.get_service_by_name(service).ok_or_else(|| format!("the node does not describe {service}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_meant_by_its_name_or_the_end_of_it() {
        let full = "stint.contribute.v1.Contribute";
        for yes in ["contribute", "Contribute", "v1.Contribute", full, "STINT.contribute.v1.contribute"] {
            assert!(means(yes, full), "{yes}");
        }
        for no in ["", "tribute", "contribute.v1", "stint"] {
            assert!(!means(no, full) || no.is_empty(), "{no}");
        }
        let pool = DescriptorPool::decode(stint_proto::DESCRIPTOR_SET).unwrap();
        let kernel = pool.get_service_by_name("stint.v1.Kernel").unwrap();
        for word in ["GetCommons", "getcommons", "get-commons", "get_commons"] {
            assert_eq!(method_of(&kernel, word).unwrap().name(), "GetCommons");
        }
        assert!(method_of(&kernel, "commons").is_none());
    }
}
