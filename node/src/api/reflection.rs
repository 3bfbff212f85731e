//! Server reflection over what is deployed now: every contract's descriptor travels in its module,
//! so a client needs no file beside the address.

use super::{places::Places, submit::in_turn};
use crate::core::Node;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorSet};
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};
use stint_proto::{
    DESCRIPTOR_SET, Refusal,
    limits::{DESCRIPTOR_FILES, REFLECTIONS},
};
use stint_runtime::{Directory, InstanceRef, Overlay};
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status, Streaming};

/// Answers reflection, version 1 and the older alpha.
#[derive(Clone)]
pub struct Reflection {
    node: Arc<Node>,
    /// Bounds the queries that run at once.
    queries: Arc<Semaphore>,
    /// Bounds the streams of both versions.
    streams: Places,
    /// Of the instances that were deployed when it was made.
    kept: Arc<Mutex<Option<Kept>>>,
}

/// A catalogue, and the instances that it is of.
type Kept = (Vec<InstanceRef>, Arc<Catalogue>);

impl Reflection {
    pub fn new(node: Arc<Node>, queries: Arc<Semaphore>) -> Reflection {
        Reflection { node, queries, streams: Places::new("reflections", REFLECTIONS), kept: Arc::default() }
    }

    /// What is deployed now: made anew only when that changes.
    async fn catalogue(&self) -> Result<Arc<Catalogue>, Refusal> {
        let (node, kept) = (self.node.clone(), self.kept.clone());
        in_turn(self.queries.clone(), move || {
            let overlay = Overlay::new(Arc::new(node.store.state_at(node.tip().height)));
            let directory = Directory::new(&node.contracts, &overlay);
            let instances = directory.instances().map_err(|e| node.unreadable(&e))?;
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((of, catalogue)) = &*kept
                && *of == instances
            {
                return Ok(catalogue.clone());
            }
            let made = Arc::new(Catalogue::new(&node, &directory, &instances)?);
            *kept = Some((instances, made.clone()));
            Ok(made)
        })
        .await
    }
}

/// The node's own services, and the files in which they are described.
const OWN: [&[u8]; 3] =
    [DESCRIPTOR_SET, tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET, tonic_health::pb::FILE_DESCRIPTOR_SET];

/// Files of the services on this node, as of one height.
struct Catalogue {
    services: Vec<String>,
    /// What each imports, and its bytes: read, a small one may be large.
    files: BTreeMap<String, (Vec<String>, Bytes)>,
    /// The file of each service, method, message and enum.
    symbols: BTreeMap<String, String>,
}

impl Catalogue {
    fn new(node: &Node, directory: &Directory<'_>, instances: &[InstanceRef]) -> Result<Catalogue, Refusal> {
        let mut out = Catalogue { services: Vec::new(), files: BTreeMap::new(), symbols: BTreeMap::new() };
        for set in OWN {
            out.add(set);
        }
        for instance in instances {
            // Where commons bind other code to one service name, the first one describes it.
            if !out.services.contains(&instance.service) {
                let contract = directory.load(&instance.code.0).map_err(|e| node.unreadable(&e))?;
                out.add(&contract.descriptor.file_set);
            }
        }
        out.services.sort();
        out.services.dedup();
        Ok(out)
    }

    fn add(&mut self, set: &[u8]) {
        let Ok(set) = FileDescriptorSet::decode(set) else { return };
        for file in set.file {
            let name = file.name().to_string();
            if self.files.contains_key(&name) {
                continue;
            }
            let package = file.package().to_string();
            let full = |n: &str| if package.is_empty() { n.to_string() } else { format!("{package}.{n}") };
            for service in &file.service {
                let service_name = full(service.name());
                for m in &service.method {
                    self.symbols.insert(format!("{service_name}.{}", m.name()), name.clone());
                }
                self.symbols.insert(service_name.clone(), name.clone());
                self.services.push(service_name);
            }
            for m in &file.message_type {
                self.message(&full(m.name()), m, &name);
            }
            for e in &file.enum_type {
                self.symbols.insert(full(e.name()), name.clone());
            }
            let bytes = file.encode_to_vec().into();
            self.files.insert(name, (file.dependency, bytes));
        }
    }

    fn message(&mut self, full: &str, message: &DescriptorProto, file: &str) {
        self.symbols.insert(full.into(), file.into());
        for m in &message.nested_type {
            self.message(&format!("{full}.{}", m.name()), m, file);
        }
        for e in &message.enum_type {
            self.symbols.insert(format!("{full}.{}", e.name()), file.into());
        }
    }

    /// A file and all it imports, up to as many as a contract may have; the file itself first.
    fn with_imports(&self, file: &str) -> Option<Vec<Bytes>> {
        self.files.get(file)?;
        let mut order = vec![file.to_string()];
        let mut at = 0;
        while at < order.len() {
            let imports = self.files.get(&order[at]).map(|(imports, _)| &imports[..]).unwrap_or_default();
            for import in imports {
                if order.len() < DESCRIPTOR_FILES && !order.contains(import) {
                    order.push(import.clone());
                }
            }
            at += 1;
        }
        Some(order.iter().filter_map(|f| self.files.get(f)).map(|(_, bytes)| bytes.clone()).collect())
    }

    fn by_symbol(&self, symbol: &str) -> Result<Vec<Bytes>, String> {
        let file = self.symbols.get(symbol.trim_start_matches('.'));
        file.and_then(|f| self.with_imports(f)).ok_or_else(|| format!("nothing here is named {symbol}"))
    }

    fn by_name(&self, file: &str) -> Result<Vec<Bytes>, String> {
        self.with_imports(file).ok_or_else(|| format!("there is no file {file} here"))
    }
}

/// Both versions have the same messages under other names.
macro_rules! reflection {
    ($version:ident) => {
        pub mod $version {
            use super::*;
            use tonic_reflection::pb::$version::{
                ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
                ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
                server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
                server_reflection_server::ServerReflection,
            };

            fn answer(catalogue: &Catalogue, request: &MessageRequest) -> MessageResponse {
                let found = match request {
                    MessageRequest::ListServices(_) => {
                        let service =
                            catalogue.services.iter().map(|name| ServiceResponse { name: name.clone() }).collect();
                        return MessageResponse::ListServicesResponse(ListServiceResponse { service });
                    }
                    MessageRequest::FileContainingSymbol(symbol) => catalogue.by_symbol(symbol),
                    MessageRequest::FileByFilename(file) => catalogue.by_name(file),
                    MessageRequest::AllExtensionNumbersOfType(base) if catalogue.symbols.contains_key(base) => {
                        let none =
                            ExtensionNumberResponse { base_type_name: base.clone(), extension_number: Vec::new() };
                        return MessageResponse::AllExtensionNumbersResponse(none);
                    }
                    MessageRequest::AllExtensionNumbersOfType(base) => Err(format!("nothing here is named {base}")),
                    MessageRequest::FileContainingExtension(_) => Err("there are no extensions here".into()),
                };
                match found {
                    Ok(files) => {
                        let file_descriptor_proto = files.iter().map(|bytes| bytes.to_vec()).collect();
                        MessageResponse::FileDescriptorResponse(FileDescriptorResponse { file_descriptor_proto })
                    }
                    Err(error_message) => MessageResponse::ErrorResponse(ErrorResponse {
                        error_code: tonic::Code::NotFound as i32,
                        error_message,
                    }),
                }
            }

            #[tonic::async_trait]
            impl ServerReflection for Reflection {
                type ServerReflectionInfoStream =
                    Pin<Box<dyn Stream<Item = Result<ServerReflectionResponse, Status>> + Send>>;

                async fn server_reflection_info(
                    &self,
                    request: Request<Streaming<ServerReflectionRequest>>,
                ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
                    let place = self.streams.take().map_err(stint_client::wire::status)?;
                    let this = self.clone();
                    // After a message that cannot be read there are no others.
                    let requests = request.into_inner().scan(false, |over, request| {
                        let item = (!*over).then_some(request);
                        *over |= matches!(item, Some(Err(_)));
                        std::future::ready(item)
                    });
                    let answers = requests.then(move |request| {
                        let (this, _place) = (this.clone(), &place);
                        async move {
                            let request = request?;
                            let catalogue = this.catalogue().await.map_err(stint_client::wire::status)?;
                            let asked = request.message_request.as_ref();
                            let asked = asked.ok_or_else(|| Status::invalid_argument("the request asks nothing"))?;
                            Ok(ServerReflectionResponse {
                                valid_host: request.host.clone(),
                                message_response: Some(answer(&catalogue, asked)),
                                original_request: Some(request),
                            })
                        }
                    });
                    Ok(Response::new(Box::pin(answers)))
                }
            }
        }
    };
}

reflection!(v1);
reflection!(v1alpha);
