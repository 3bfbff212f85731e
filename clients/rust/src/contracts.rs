//! Messages and stubs of the contracts that come with Stint. What they mean stands in their `.proto`.

/// `stint.book.v1`
#[expect(missing_docs, reason = "generated")]
pub mod book {
    tonic::include_proto!("stint.book.v1");
}

/// `stint.charter.v1`
#[expect(missing_docs, reason = "generated")]
pub mod charter {
    tonic::include_proto!("stint.charter.v1");
}

/// `stint.contribute.v1`
#[expect(missing_docs, reason = "generated")]
pub mod contribute {
    tonic::include_proto!("stint.contribute.v1");
}

/// `stint.value.v1`
#[expect(missing_docs, reason = "generated")]
pub mod value {
    tonic::include_proto!("stint.value.v1");
}
