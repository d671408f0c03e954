# Everything runs from a checkout: the first call installs what it needs, later calls check in a second that it is there.
# pip's index settings are the user's own (pip.conf, PIP_*): none is named here or in requirements.lock.

PYTHON ?= python3
BIN := .venv/bin
ENSURE := PYTHON=$(PYTHON) rehearsal/system-packages.sh
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
# two installers at once would wait for each other's locks
.NOTPARALLEL:
.PHONY: help demo test lint bench kills lock setup browser estate tools clean

help: ## 显示本说明
	@echo "用法：make 目标 [变量=值]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '%-8s %s\n' "$$name" "$$what"; done

demo: estate $(BIN)/.ready ## 在练习环境里把各项职责演一遍（KEEP=1 结束后保留现场）
	@$(BIN)/python -m flows.demo $(if $(KEEP),--keep)

test: tools $(BIN)/.ready ## 运行全部测试（ARGS='-k 词' 只跑一部分）
	@$(BIN)/pytest $(ARGS)

lint: $(BIN)/.ready ## 检查代码：ruff 与 mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: estate $(BIN)/.ready ## 测量耗时与内存
	@$(BIN)/python tests/bench/run.py $(ARGS)

kills: estate $(BIN)/.ready ## 在任意时刻杀死各项职责的执行，核对台账（ARGS='--kills 200'）
	@$(BIN)/python tests/kills.py $(ARGS)

setup: browser $(BIN)/.ready ## 只安装，不运行

clean: ## 删除 .venv（下次重新安装）
	@rm -rf .venv

# uv finds the versions, pip installs them. Versions already in the file stay unless UPGRADE=1.
lock: $(BIN)/uv ## 按 pyproject.toml 重新生成 requirements.lock（UPGRADE=1 全部升到最新）
	@$(BIN)/uv -q pip compile --system-certs --generate-hashes --no-header --no-annotate --universal --python-version 3.11 --extra dev \
	    $(if $(UPGRADE),--upgrade) -o requirements.lock pyproject.toml
	@! grep -nE '://|^ *-(-index|-extra|-find|-trusted|f|i) ' requirements.lock || { echo "requirements.lock 里有地址，不能提交" >&2; exit 2; }

$(BIN)/uv:
	@$(ENSURE) python
	@$(PYTHON) -m venv .venv
	@$(PIP) install uv

browser:
	@$(ENSURE) python browser fonts

estate:
	@$(ENSURE) python browser fonts hosts services backups

tools:
	@$(ENSURE) python browser fonts ocr postgresql hosts services backups mariabackup tracer rpm lynis office

# Made anew when the lock changes: a package that left the lock must leave .venv too.
$(BIN)/.locked: requirements.lock
	@$(ENSURE) python
	@echo "安装 Python 依赖到 .venv（首次约一分钟）……"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r requirements.lock || \
	    { echo "Python 依赖没有装上，原因见上。请检查网络和 pip 的软件源设置（pip config list）后重做。" >&2; exit 2; }
	@touch $@

$(BIN)/.ready: $(BIN)/.locked pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP) check || { echo "pyproject.toml 的依赖与 requirements.lock 不一致，请先执行 make lock" >&2; exit 2; }
	@touch $@
