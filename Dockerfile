# Trainyard's two images: one static program each, a user without rights, nothing else.
#
#   docker build --target operator --tag trainyard-operator .
#   docker build --target worker --tag trainyard-worker .
#
# `cargo xtask images` makes the same without a container engine; a test of the crate e2e holds the two together.
FROM rust:1-bookworm AS source
WORKDIR /source
COPY . .
ENV RUSTFLAGS="-C target-feature=+crt-static"

FROM source AS build-operator
RUN cargo build --locked --profile image --target "$(rustc --print host-tuple)" --package trainyard-operator
RUN cp target/*/image/trainyard-operator /trainyard-operator

FROM source AS build-worker
RUN cargo build --locked --profile image --target "$(rustc --print host-tuple)" --package trainyard-worker
RUN cp target/*/image/trainyard-worker /trainyard-worker

FROM scratch AS operator
LABEL org.opencontainers.image.title="trainyard-operator"
LABEL org.opencontainers.image.source="https://github.com/trainyard/trainyard"
LABEL org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.version="0.1.0"
COPY --from=build-operator /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY e2e/images/etc/passwd /etc/passwd
COPY e2e/images/etc/group /etc/group
COPY --from=build-operator /trainyard-operator /trainyard-operator
USER 65532:65532
ENTRYPOINT ["/trainyard-operator"]

FROM scratch AS worker
LABEL org.opencontainers.image.title="trainyard-worker"
LABEL org.opencontainers.image.source="https://github.com/trainyard/trainyard"
LABEL org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.version="0.1.0"
COPY --from=build-worker /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY e2e/images/etc/passwd /etc/passwd
COPY e2e/images/etc/group /etc/group
COPY --from=build-worker /trainyard-worker /trainyard-worker
USER 65532:65532
ENTRYPOINT ["/trainyard-worker"]
