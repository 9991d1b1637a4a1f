#!/usr/bin/env bash
# Runs Envoy and drains it at SIGTERM; Envoy itself would drop every request in flight.
# The same in every mode: the official image has bash and no curl, hence /dev/tcp.
#   bash envoy.sh /path/to/envoy.yaml
set -u
config=$1
admin_port=${ADMIN_PORT:-9901}
drain_seconds=${DRAIN_SECONDS:-10}
# without a place to send spans to, each attempt is an "error"
tracing_level=$([[ -n ${OTLP_ADDRESS:-} ]] && echo error || echo critical)

admin() { # admin GET|POST path
    local reply
    exec 3<>"/dev/tcp/127.0.0.1/$admin_port" || return 1
    printf '%s %s HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: 0\r\n\r\n' "$1" "$2" >&3
    reply=$(cat <&3)
    exec 3>&-
    printf '%s\n' "$reply"
}

busy() {
    local counts
    counts=$(admin GET '/stats?filter=^http.public.downstream_(cx|rq)_active$') || return 1
    [[ $counts != *rq_active:\ 0* ]] && return 0
    # connections that are kept open and not used are not waited for
    [[ $counts != *cx_active:\ 0* ]] && ((SECONDS < patience))
}

drain() {
    trap '' TERM INT
    local deadline=$((SECONDS + drain_seconds))
    # 1. /ready says 503, every answer says "connection: close"; who comes now is still served
    admin POST /healthcheck/fail >/dev/null
    sleep "${PRE_DRAIN_SECONDS:-1}"
    # 2. nobody comes any more; what is in flight is finished
    admin POST '/drain_listeners?inboundonly' >/dev/null
    patience=$((SECONDS + 2))
    while ((SECONDS < deadline)) && busy; do sleep 0.1; done
    kill -TERM "$envoy" 2>/dev/null
}

"${ENVOY:-envoy}" -c "$config" --disable-hot-restart --concurrency "${ENVOY_CONCURRENCY:-2}" \
    --drain-time-s "$drain_seconds" --drain-strategy immediate \
    --file-flush-interval-msec 1000 --log-level "${ENVOY_LOG_LEVEL:-warning}" \
    --component-log-level "tracing:$tracing_level" &
envoy=$!
trap drain TERM INT
# a trapped signal ends the first wait early; the loop waits for Envoy itself
while kill -0 "$envoy" 2>/dev/null; do
    wait "$envoy"
    status=$?
done
exit "$status"
