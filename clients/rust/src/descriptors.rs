//! Methods by their names, as a node's reflection describes them: full, `package.Service/Method`, or short,
//! `service.method`, in any case.

use crate::{Client, ClientError, nodes::of_status};
use futures::StreamExt;
use prost::Message;
use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use prost_types::{FileDescriptorProto, method_options::IdempotencyLevel};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use stint_proto::{Code, v1};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

/// The largest answer to a question, bytes.
const LARGEST: usize = 16 << 20;
/// Services that are remembered.
const KEPT: usize = 64;

/// Services that were described before.
#[derive(Default)]
pub(crate) struct Descriptors(Mutex<BTreeMap<String, ServiceDescriptor>>);

impl Descriptors {
    fn get(&self, service: &str) -> Option<ServiceDescriptor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(service).cloned()
    }

    fn keep(&self, service: &ServiceDescriptor) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_first();
        }
        kept.insert(service.full_name().into(), service.clone());
    }
}

/// `/package.Service/Method`.
pub fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// Whether a method changes nothing and needs no signature.
pub fn is_query(method: &MethodDescriptor) -> bool {
    let options = method.method_descriptor_proto().options.as_ref();
    options.is_some_and(|o| o.idempotency_level() == IdempotencyLevel::NoSideEffects)
}

fn meaningless(what: String) -> ClientError {
    ClientError::Meaningless(what)
}

impl Client {
    /// All services on the node, contracts' and its own.
    pub async fn services(&self) -> Result<Vec<String>, ClientError> {
        match self.reflect(MessageRequest::ListServices(String::new())).await? {
            Some(MessageResponse::ListServicesResponse(list)) => Ok(list.service.into_iter().map(|s| s.name).collect()),
            _ => Err(ClientError::Protocol("its reflection lists no services".into())),
        }
    }

    /// What a method takes and gives. With a commons, a short name means what serves that.
    pub async fn describe(&self, name: &str, commons: Option<&str>) -> Result<MethodDescriptor, ClientError> {
        let shape = || {
            meaningless(format!(
                "{name:?} is no method; write service.method, for example contribute.record, or package.Service/Method"
            ))
        };
        let given = name.trim_start_matches('/');
        let (service, method) = given.rsplit_once('/').or_else(|| given.rsplit_once('.')).ok_or_else(shape)?;
        let service = &self.service_named(service, commons).await?;
        let found = self.service(service).await?;
        method_of(&found, method).ok_or_else(|| {
            let all: Vec<String> = found.methods().map(|m| m.name().to_string()).collect();
            meaningless(format!("{service} has no method {method}; it has: {}", all.join(", ")))
        })
    }

    /// The full name of a service. With a commons, a word that may mean several means what serves that.
    pub async fn service_named(&self, word: &str, commons: Option<&str>) -> Result<String, ClientError> {
        let known = self.services().await?;
        let mut candidates: Vec<&String> = known.iter().filter(|s| means(word, s)).collect();
        if let (true, Some(commons)) = (candidates.len() > 1, commons) {
            let serving = self.serving(commons).await?;
            candidates.retain(|c| serving.contains(c));
        }
        match candidates.as_slice() {
            [one] => Ok(one.to_string()),
            [] => Err(meaningless(format!("no service {word} here; there are: {}", known.join(", ")))),
            several => {
                let several: Vec<&str> = several.iter().map(|s| s.as_str()).collect();
                Err(meaningless(format!("{word} may mean {}; write more of the name", several.join(" or "))))
            }
        }
    }

    /// Whether `/package.Service/Method` is a query; remembered, unless the service has no such method yet.
    pub(crate) async fn is_query(&self, path: &str) -> Result<bool, ClientError> {
        let unknown = || meaningless(format!("{path} is no method here; Client::services lists what is deployed"));
        let (service, name) = path.strip_prefix('/').and_then(|p| p.split_once('/')).ok_or_else(unknown)?;
        let of = |service: &ServiceDescriptor| service.methods().find(|m| m.name() == name).map(|m| is_query(&m));
        if let Some(known) = self.descriptors.get(service).and_then(|s| of(&s)) {
            return Ok(known);
        }
        let found = self.service(service).await?;
        self.descriptors.keep(&found);
        of(&found).ok_or_else(unknown)
    }

    async fn serving(&self, commons: &str) -> Result<Vec<String>, ClientError> {
        let found = self.query(commons, "/stint.v1.Kernel/GetCommons", Default::default()).await?;
        let found = v1::GetCommonsResponse::decode(found).map_err(|e| ClientError::Protocol(e.to_string()))?;
        Ok(found.contracts.into_iter().map(|c| c.service).collect())
    }

    /// One question to a node's reflection.
    async fn reflect(&self, what: MessageRequest) -> Result<Option<MessageResponse>, ClientError> {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(what) };
        let asked = self.nodes.try_each(self.patience, move |channel| {
            let request = request.clone();
            Box::pin(async move {
                let mut reflection = ServerReflectionClient::new(channel).max_decoding_message_size(LARGEST);
                let answers = reflection.server_reflection_info(futures::stream::iter([request])).await;
                let answer = answers.map_err(|s| of_status(&s))?.into_inner().next().await;
                Ok(Some(answer.transpose().map_err(|s| of_status(&s))?.and_then(|a| a.message_response)))
            })
        });
        asked.await
    }

    /// A service by its full name.
    pub async fn service(&self, name: &str) -> Result<ServiceDescriptor, ClientError> {
        let strange = |e: String| ClientError::Protocol(format!("its descriptor of {name}: {e}"));
        let mut pool = DescriptorPool::new();
        match self.reflect(MessageRequest::FileContainingSymbol(name.into())).await? {
            Some(MessageResponse::FileDescriptorResponse(found)) => {
                let files = found.file_descriptor_proto.iter().map(|f| FileDescriptorProto::decode(f.as_slice()));
                let files = files.collect::<Result<Vec<_>, _>>().map_err(|e| strange(e.to_string()))?;
                pool.add_file_descriptor_protos(files).map_err(|e| strange(e.to_string()))?;
            }
            Some(MessageResponse::ErrorResponse(e)) if e.error_code != Code::NotFound as i32 => {
                return Err(strange(e.error_message));
            }
            _ => {}
        }
        pool.get_service_by_name(name).ok_or_else(|| meaningless(format!("no service {name} is deployed here")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_meant_by_its_name_or_the_end_of_it() {
        let full = "stint.contribute.v1.Contribute";
        for yes in ["contribute", "Contribute", "v1.Contribute", full, "STINT.contribute.v1.contribute"] {
            assert!(means(yes, full), "{yes}");
        }
        for no in ["tribute", "contribute.v1", "stint"] {
            assert!(!means(no, full), "{no}");
        }
        let pool = DescriptorPool::decode(stint_proto::DESCRIPTOR_SET).unwrap();
        let kernel = pool.get_service_by_name("stint.v1.Kernel").unwrap();
        for word in ["GetCommons", "getcommons", "get-commons", "get_commons"] {
            let method = method_of(&kernel, word).unwrap();
            assert_eq!(path(&method), "/stint.v1.Kernel/GetCommons");
            assert!(is_query(&method));
        }
        assert!(method_of(&kernel, "commons").is_none());
        assert!(!is_query(&method_of(&kernel, "admit").unwrap()));
    }
}
