PROFILE ?= quick
JOBS    ?= 2
BIN     := .venv/bin

help:            ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: .venv/.ok ## the environment: happens by itself before every other target
