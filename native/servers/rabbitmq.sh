#!/usr/bin/env bash
# Debian's RabbitMQ as an ordinary child process: its own node, ports, folders and epmd, on 127.0.0.1 only.
#   RABBITMQ_HOME            the node's folder
#   RABBITMQ_PORTS           "AMQP management prometheus"
#   RABBITMQ_DEFAULT_PASS_FILE, RABBITMQ_NODENAME, RABBITMQ_DIST_PORT, ERL_EPMD_PORT
set -euo pipefail
umask 077
here=$(cd "$(dirname "$0")" && pwd)
read -r amqp management prometheus <<<"$RABBITMQ_PORTS"
mkdir -p "$RABBITMQ_HOME"/{mnesia,log,home}
cd "$RABBITMQ_HOME" # where it would leave its dumps
{
    cat "$here/../../infra/rabbitmq.conf"
    cat <<CONF
listeners.tcp.default = 127.0.0.1:$amqp
management.tcp.ip = 127.0.0.1
management.tcp.port = $management
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $prometheus
log.console = true
log.file = false
CONF
} >"$RABBITMQ_HOME/rabbitmq.conf"
echo '[rabbitmq_management,rabbitmq_prometheus].' >"$RABBITMQ_HOME/enabled_plugins"
: >"$RABBITMQ_HOME/env.conf" # Debian's own settings are not for this node

export HOME=$RABBITMQ_HOME/home ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$amqp
export RABBITMQ_MNESIA_BASE=$RABBITMQ_HOME/mnesia RABBITMQ_LOG_BASE=$RABBITMQ_HOME/log
export RABBITMQ_CONFIG_FILE=$RABBITMQ_HOME/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=$RABBITMQ_HOME/enabled_plugins
export RABBITMQ_CONF_ENV_FILE=$RABBITMQ_HOME/env.conf RABBITMQ_PID_FILE=$RABBITMQ_HOME/pid
# two schedulers that sleep when idle: the machine has other things to do
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
if [ -n "${RABBITMQ_DEFAULT_PASS_FILE:-}" ]; then
    RABBITMQ_DEFAULT_PASS=$(<"$RABBITMQ_DEFAULT_PASS_FILE")
    export RABBITMQ_DEFAULT_PASS
fi

# started here, epmd belongs to this process group and ends with it; started by Erlang it would outlive everything
epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" >/dev/null 2>&1 &
exec /usr/lib/rabbitmq/bin/rabbitmq-server
