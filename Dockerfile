# docker build -t unleak . && docker run --rm -v "$PWD:/src:ro" unleak check
FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN cargo install --locked --root /unleak --path .

FROM debian:bookworm-slim
# git tells what is committed; the mounted tree belongs to somebody else, and is the one that was asked for.
RUN apt-get update \
    && apt-get install -y --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*'
COPY --from=build /unleak/bin/unleak /usr/local/bin/unleak
WORKDIR /src
USER 1000
ENTRYPOINT ["unleak"]
CMD ["check"]
