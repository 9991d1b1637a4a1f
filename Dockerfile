# syntax=docker/dockerfile:1
# One Dockerfile for all of the project's images:
#   docker build --build-arg SERVICE=orders -t bazaar/orders .
#   docker build --target infra -t bazaar/infra .
# No step knows the processor it runs on: docker buildx build --platform linux/amd64,linux/arm64 makes both.

ARG PYTHON_VERSION=3.13

FROM ghcr.io/astral-sh/uv:0.13 AS uv

FROM python:${PYTHON_VERSION}-slim AS python
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

FROM python AS builder
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1 \
    VIRTUAL_ENV=/venv
RUN uv venv --quiet /venv

# --- infra: provisions, and renders configuration ---------------------------------------------------------------------

FROM builder AS infra-builder
COPY requirements.txt /build/
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip sync --quiet --require-hashes /build/requirements.txt

FROM python AS infra
LABEL org.opencontainers.image.title="bazaar/infra" \
      org.opencontainers.image.description="Secrets, databases, queues, topics and rendered configuration of the Bazaar market" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
# a named volume that is mounted here takes over the owner
RUN install --directory --owner=10100 --group=10100 /config
COPY --link --from=infra-builder /venv /venv
COPY --link docker-compose.yml ./
COPY --link gateway gateway
COPY --link monitoring monitoring
COPY --link native native
COPY --link infra infra
USER 10100:10100
ENTRYPOINT []
CMD ["python", "-m", "infra", "--help"]

# --- a service: its locked dependencies first, for they change least --------------------------------------------------

FROM builder AS service-builder
ARG SERVICE
COPY services/${SERVICE}/requirements.txt /build/
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip sync --quiet --require-hashes /build/requirements.txt
# the folders are those of the repository, and stay where they are: a service finds its migrations beside its code
COPY shared /app/shared
COPY services/${SERVICE} /app/services/${SERVICE}
RUN --mount=type=cache,target=/root/.cache/uv <<EOF
set -e
uv pip install --quiet --no-deps --editable /app/shared --editable "/app/services/${SERVICE}"
uv pip check --quiet
python -m compileall -q /app
EOF

FROM python AS service
ARG SERVICE
LABEL org.opencontainers.image.title="bazaar/${SERVICE}" \
      org.opencontainers.image.description="The service ${SERVICE} of the Bazaar market" \
      org.opencontainers.image.licenses="MIT"
ENV SERVICE=${SERVICE}
WORKDIR /app/services/${SERVICE}
COPY --link --from=service-builder /venv /venv
COPY --link --from=service-builder /app /app
# a named volume that is mounted here takes over the owner
RUN if [ "$SERVICE" = insights ]; then install --directory --owner=10113 --group=10113 /var/lib/insights; fi
# any user will do, nothing here is written to; docker-compose.yml gives each service its own
USER 10100:10100
STOPSIGNAL SIGTERM
ENTRYPOINT []
CMD ["sh", "-c", "exec python -m \"$SERVICE\""]
