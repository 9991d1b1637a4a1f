#!/usr/bin/env bash
# Starts Redis with an account for each service, in containers and natively; for Redis 7.0 and 8.
#   REDIS_HOST, REDIS_PORT                              where it listens
#   CHAT_PASSWORD_FILE, NOTIFICATIONS_PASSWORD_FILE     the accounts' passwords
# The configuration goes to its standard input: no file holds an account, and no list of processes shows one.
set -euo pipefail

hash_of() {
    local password
    password=$(<"$1")
    [ -n "$password" ] || { echo "redis: $1 is empty" >&2 && exit 1; }
    printf %s "$password" | sha256sum | cut -d ' ' -f 1
}
chat=$(hash_of "${CHAT_PASSWORD_FILE:?}")
notifications=$(hash_of "${NOTIFICATIONS_PASSWORD_FILE:?}")

# Of its own keys and channels an account may do everything. What concerns others as well is taken out: to administrate,
# to empty a database, to see others' keys by name, functions and scripts that all share.
rights="+@all -@admin -@dangerous -scan -randomkey -dbsize -pubsub -function -script +script|load +script|exists"

exec redis-server - <<CONF
bind ${REDIS_HOST:-127.0.0.1}
port ${REDIS_PORT:-6379}
daemonize no
databases 1
# it would write over its environment, by which make up and make down know what is theirs
set-proc-title no
tcp-keepalive 60

# It wakes whoever waits and holds short results; what must not be lost is in PostgreSQL and RabbitMQ. So nothing is
# written to a disk, and a start finds it empty.
save ""
appendonly no

# All it holds has an expiry. When it is full, what would go soonest goes first; to refuse writes would stop who can do
# without the answer. A key without an expiry is a mistake, is never thrown away, and so shows.
maxmemory 64mb
maxmemory-policy volatile-ttl

user default reset
user chat on #$chat ~chat:* &chat:* $rights
user notifications on #$notifications ~notifications:* &notifications:* $rights
# for probes, with any password
user health on nopass -@all +ping
CONF
