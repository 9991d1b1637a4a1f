#!/usr/bin/env bash
# Runs Envoy and drains it at SIGTERM; Envoy itself would drop every request in flight.
# The same in every mode: the official image has bash and no curl, hence /dev/tcp.
#   bash envoy.sh /path/to/envoy.yaml
set -u
config=$1
admin_port=${ADMIN_PORT:-9901}
drain_seconds=${DRAIN_SECONDS:-10}

admin() { # admin GET|POST path
    local reply
    exec 3<>"/dev/tcp/127.0.0.1/$admin_port" || return 1
    printf '%s %s HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: 0\r\n\r\n' "$1" "$2" >&3
    reply=$(cat <&3)
    exec 3>&-
    printf '%s\n' "$reply"
}

drain() {
    trap '' TERM INT
    # /ready says 503 from now on, and every answer carries "connection: close"
    admin POST /healthcheck/fail >/dev/null
    admin POST '/drain_listeners?graceful&skip_exit' >/dev/null
    local deadline=$((SECONDS + drain_seconds))
    # at least one second, so that a client that has just connected is answered
    sleep 1
    while ((SECONDS < deadline)); do
        admin GET '/stats?filter=^http.public.downstream_rq_active$' | grep -q 'active: 0' && break
        sleep 0.2
    done
    kill -TERM "$envoy" 2>/dev/null
}

"${ENVOY:-envoy}" -c "$config" --disable-hot-restart --concurrency "${ENVOY_CONCURRENCY:-2}" \
    --drain-time-s "$drain_seconds" --drain-strategy immediate --log-level "${ENVOY_LOG_LEVEL:-warning}" &
envoy=$!
trap drain TERM INT
# a trapped signal ends the first wait early; the loop waits for Envoy itself
while kill -0 "$envoy" 2>/dev/null; do
    wait "$envoy"
    status=$?
done
exit "$status"
