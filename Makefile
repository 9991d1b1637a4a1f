# The ways in. `make help` lists them. S names a service or a process: make logs S=orders-relay
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON := .venv/bin/python
NATIVE := $(PYTHON) -m native
.PHONY: help tools up down status logs dev restart exec seed demo audit test lint lock contracts screenshots clean bench-checkout bench-chat bench-streams bench-rpc bench-tasks bench-clickstream

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  MODE=docker|native decides how it runs; without it Docker is taken where an engine answers."

tools: # the tools' environment, .venv
	@sh native/bootstrap.sh

up: tools ## start the whole market, load the demo data, print the addresses
	@$(NATIVE) up

down: tools ## stop what was started; the data is kept
	@$(NATIVE) down

status: tools ## every process: state, memory, readiness, start-up time
	@$(NATIVE) status

logs: tools ## the end of the logs of S=…; F=1 follows
	@$(NATIVE) logs $(S) $(if $(F),--follow)

dev: tools ## S=… in the foreground with reload and a debugger; the rest runs
	@$(if $(S),,$(error name a service: make dev S=orders))$(NATIVE) dev $(S)

restart: tools ## stop and start S=…
	@$(if $(S),,$(error name a service: make restart S=orders))$(NATIVE) restart $(S)

exec: tools ## a command with the settings of S=…: make exec S=orders C="python -m orders export"
	@$(if $(S),,$(error name a service: make exec S=orders C="…"))$(NATIVE) exec $(S) -- $(C)

seed: tools ## load the demo market (up does it, too)
	@$(NATIVE) seed

demo: up ## a buyer's whole purchase, told step by step, and clean books at the end
	@$(PYTHON) -m tools.demo
	@$(PYTHON) -m tools.audit --settled
	@$(NATIVE) where

audit: tools ## reconcile all books; names what differs
	@$(PYTHON) -m tools.audit

test: tools ## every test, once; S=… of one service; FULL=1 every fault at every step
	@FULL=$(or $(FULL),0) $(PYTHON) -m tests.run $(if $(S),--service $(S))

lint: tools ## ruff and mypy for everything, or for S=…
	@$(NATIVE) lint $(S)

lock: tools ## write the lock files anew, or that of S=…
	@$(NATIVE) lock $(S)

contracts: tools ## write the committed OpenAPI documents anew, or that of S=…
	@$(NATIVE) contracts $(S)

screenshots: tools ## the README's pictures of the running market's pages, taken anew
	@$(PYTHON) -m tools.screenshots

bench-checkout: tools ## orders a second, against pgbench in the same run
	@$(PYTHON) -m tools.bench_checkout

bench-chat: tools ## 10,000 sockets, against Go's gorilla/websocket in the same run
	@$(PYTHON) -m tools.bench_chat

bench-streams: tools ## Faust, against a raw Kafka consumer in the same run
	@$(PYTHON) -m tools.bench_streams

bench-rpc: tools ## Nameko's calls, against raw AMQP ping-pong in the same run
	@$(PYTHON) -m tools.bench_rpc

bench-tasks: tools ## Celery's tasks, against raw consume and ack in the same run
	@$(PYTHON) -m tools.bench_tasks

bench-clickstream: tools ## clicks a second, against a raw Kafka producer in the same run
	@$(PYTHON) -m tools.bench_clickstream

clean: tools ## stop, and remove all state; asks before Docker's volumes go, unless YES=1
	@$(NATIVE) clean $(if $(YES),--yes)
