# armc.  make | make debug | make asan | make double      the program: ./armc (release), build/KIND/armc (the others)
#        make deps | demo | test | big | fuzz | lint | bench | bench-conv | bench-prove | bench-sample | results | results-check | fmt | fmt-check | install PREFIX=… | clean
#        CC=clang works; WERROR=1 turns warnings into errors; V=1 shows the commands.
#
# One pass of this file builds one KIND. What can be written by a program is: the registries of ops, commands, … come
# from the rows in the sources (tools/registry.sh), the .arm files go into the binary (tools/embed.sh).

KIND    ?= release
PREFIX  ?= /usr/local
ifeq ($(origin CC),default)
CC      := gcc
endif
AR      ?= ar
FLEX    ?= flex
BISON   ?= bison

# --- compiler and flags ------------------------------------------------------------------------------------------------

COMPILER := $(if $(findstring clang,$(CC)),-clang)
MACHINE  := $(shell $(CC) -dumpmachine 2>/dev/null)
BUILD    := build/$(KIND)$(COMPILER)
GEN      := build/gen

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
            -Wcast-qual -Wwrite-strings -Wformat=2 -Wdouble-promotion $(if $(WERROR),-Werror)
# The code that flex and bison write is theirs, not ours.
GENERATED_WARNINGS := -Wno-conversion -Wno-sign-conversion -Wno-cast-qual -Wno-shadow -Wno-undef \
            -Wno-missing-prototypes -Wno-unused-function -Wno-unused-but-set-variable

optimize_release := -O2 -g
optimize_debug   := -Og -g3
optimize_asan    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
optimize_double  := -O2 -g -DARMC_DOUBLE
# For `make fuzz` only; by clang. Tracing of comparisons helps with magic numbers (below: runtime/data) and else only costs.
optimize_fuzz    := -O2 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
            -fno-sanitize-coverage=trace-cmp
OPTIMIZE := $(optimize_$(KIND))
ifeq ($(OPTIMIZE),)
$(error KIND must be release, debug, asan, double or fuzz, not "$(KIND)")
endif

# Kernels promise the same bits everywhere: no contraction that the source doesn't spell out (kernels.h).
FIXED_ORDER := $(if $(filter release double,$(KIND)),-O3) -ffp-contract=off
AVX2   := -mavx2 -mfma
# Every processor with AVX-512 has PREFETCHW, too.
AVX512 := -mavx512f -mavx512vl -mavx512bw -mavx512dq -mfma -mprfchw -mprefer-vector-width=512

LIBRARIES := openblas libpng zlib jansson
HAVE_READLINE := $(if $(shell pkg-config --exists readline 2>/dev/null && echo yes),1,0)
ifneq ($(HAVE_READLINE),1)
ifeq ($(MAKELEVEL)$(filter deps demo test,$(MAKECMDGOALS)),0)
$(info armc is built without readline: the prompt has no history and no editing)
endif
endif
MISSING  := $(shell pkg-config --exists $(LIBRARIES) 2>/dev/null || echo yes)
INCLUDES := -I. -I$(GEN) $(shell pkg-config --cflags-only-I $(LIBRARIES) 2>/dev/null)
DEFINES  := -DARMC_HAVE_READLINE=$(HAVE_READLINE)
LINK     := $(shell pkg-config --libs $(LIBRARIES) $(if $(filter 1,$(HAVE_READLINE)),readline) 2>/dev/null) -lpthread -lm
Q         = $(if $(V),,@)
say       = $(if $(V),,@printf '%-8s %s\n' $(1) $(2))
COMPILE   = $(CC) -std=c11 $(WARNINGS) $(OPTIMIZE) $(INCLUDES) $(DEFINES) $(CPPFLAGS) $(CFLAGS)

# --- sources -----------------------------------------------------------------------------------------------------------

ALL_SOURCES := $(sort $(shell find runtime grammar -name '*.c'))
# Kernels of other machines are left out.
FOREIGN := $(if $(filter x86_64%,$(MACHINE)),,%_avx2.c %_avx512.c) $(if $(filter aarch64%,$(MACHINE)),,%_neon.c)
SOURCES := $(filter-out $(FOREIGN),$(ALL_SOURCES))

# A registry: macro that begins a row, its type, prefix of its name, the list, the header, folders to scan.
registry_ops        := ARMC_OP        ArmcOp         armc_op        armc_ops          runtime/graph/op.h          runtime/ops
registry_dists      := ARMC_DIST      ArmcDist       armc_dist      armc_dists        runtime/graph/op.h          runtime/ops
registry_data       := ARMC_DATA      ArmcDataSource armc_data      armc_data_sources runtime/data/dataset.h      runtime/data
registry_commands   := ARMC_COMMAND   ArmcCommand    armc_command   armc_commands     runtime/elaborate/command.h runtime
registry_optimizers := ARMC_OPTIMIZER ArmcOptimizer  armc_optimizer armc_optimizers   runtime/learn/optim.h       runtime/learn
registry_builtins   := ARMC_BUILTIN   ArmcBuiltin    armc_builtin   armc_builtins     runtime/elaborate/builtin.h runtime/elaborate
REGISTRIES := $(foreach r,ops dists data commands optimizers builtins,$(if $(wildcard $(word 5,$(registry_$r))),$r))

REGISTRY_SOURCES := $(REGISTRIES:%=$(GEN)/%.c)
GENERATED := $(GEN)/lexer.c $(GEN)/parser.c $(GEN)/embed.c $(REGISTRY_SOURCES)

MAIN    := $(BUILD)/runtime/cli/main.o
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(GENERATED:$(GEN)/%.c=$(BUILD)/gen/%.o)
LIBRARY := $(BUILD)/libarmc.a

# --- what one calls ----------------------------------------------------------------------------------------------------

.PHONY: all debug asan double program unit benches fuzzers replays fuzz deps demo test big lint bench bench-conv bench-prove bench-sample profile fmt fmt-check install clean FORCE
.DELETE_ON_ERROR:
.SUFFIXES:

all: program
program: $(BUILD)/armc $(if $(filter release,$(KIND)),armc)
debug asan double:
	@$(MAKE) --no-print-directory KIND=$@ program

armc: build/release$(COMPILER)/armc
	@cp -f $< $@

# --- from sources to the program ---------------------------------------------------------------------------------------

$(BUILD)/armc: $(MAIN) $(LIBRARY)
	$(call say,link,$@)
	$Q$(CC) $(OPTIMIZE) $(LDFLAGS) -o $@ $^ $(LINK) $(LDLIBS)

$(LIBRARY): $(filter-out $(MAIN),$(OBJECTS))
	@rm -f $@
	$Q$(AR) qcs $@ $^

# Flags in a file that changes only with them: another CFLAGS or WERROR compiles everything again.
$(BUILD)/flags: FORCE
	$(if $(MISSING),$(error libraries are missing; `make deps` installs them))
	@mkdir -p $(@D)
	@echo '$(COMPILE) $(FIXED_ORDER)' | tools/write-if-changed.sh $@

$(BUILD)/%.o: %.c $(BUILD)/flags | $(GEN)/parser.h $(GEN)/lexer.h
	@mkdir -p $(@D)
	$(call say,compile,$<)
	$Q$(COMPILE) $(EXTRA) -MMD -MP -c -o $@ $<

$(BUILD)/gen/%.o: $(GEN)/%.c $(BUILD)/flags | $(GEN)/parser.h $(GEN)/lexer.h
	@mkdir -p $(@D)
	$(call say,compile,$<)
	$Q$(COMPILE) $(EXTRA) -MMD -MP -c -o $@ $<

$(BUILD)/gen/lexer.o $(BUILD)/gen/parser.o: EXTRA = $(GENERATED_WARNINGS)
$(BUILD)/runtime/data/%.o: EXTRA = $(if $(filter fuzz,$(KIND)),-fsanitize-coverage=trace-cmp)
$(BUILD)/runtime/kernels/%.o: EXTRA = $(FIXED_ORDER)
$(BUILD)/runtime/kernels/%_avx2.o: EXTRA = $(FIXED_ORDER) $(AVX2)
$(BUILD)/runtime/kernels/%_avx512.o: EXTRA = $(FIXED_ORDER) $(AVX512)
$(BUILD)/runtime/base/rng.o: EXTRA = $(FIXED_ORDER)

$(GEN)/parser.c $(GEN)/parser.h &: grammar/parser.y
	@mkdir -p $(@D)
	$(call say,bison,$<)
	$Q$(BISON) -Wall -Wcounterexamples -Werror --header=$(GEN)/parser.h -o $(GEN)/parser.c $<

$(GEN)/lexer.c $(GEN)/lexer.h &: grammar/lexer.l
	@mkdir -p $(@D)
	$(call say,flex,$<)
	$Q$(FLEX) --header-file=$(GEN)/lexer.h -o $(GEN)/lexer.c $<

$(REGISTRY_SOURCES): $(GEN)/%.c: FORCE
	@mkdir -p $(@D)
	@tools/registry.sh $(registry_$*) | tools/write-if-changed.sh $@

$(GEN)/embed.c: FORCE
	@mkdir -p $(@D)
	@tools/embed.sh | tools/write-if-changed.sh $@

-include $(OBJECTS:.o=.d)

# --- tests -------------------------------------------------------------------------------------------------------------

# Each tests/unit/test_*.c is a program; the other .c files there are shared by all of them.
UNIT_SHARED := $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))
UNIT := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))

unit: $(UNIT)
$(UNIT): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(UNIT_SHARED:%.c=$(BUILD)/%.o) $(LIBRARY)
	$(call say,link,$@)
	$Q$(CC) $(OPTIMIZE) $(LDFLAGS) -o $@ $^ $(LINK) $(LDLIBS) -lcmocka
.SECONDARY: $(UNIT:%=%.o)
-include $(UNIT:%=%.d) $(UNIT_SHARED:%.c=$(BUILD)/%.d)

# Each tests/fuzz/fuzz_NAME.c is a target: with libFuzzer a program fuzz_NAME, with mutate_NAME.c where there is one;
# without it, replay_NAME, which goes through the inputs that it is given.
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZERS := $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/fuzz_%)
REPLAYS := $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/replay_%)
FUZZ_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/fuzz/*.c))

fuzzers: $(FUZZERS)
replays: $(REPLAYS)
$(patsubst %.c,$(BUILD)/%,$(subst mutate_,fuzz_,$(wildcard tests/fuzz/mutate_*.c))): \
            $(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/mutate_%.o
$(FUZZERS): $(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/fuzz.o $(LIBRARY)
	$(call say,link,$@)
	$Q$(CC) $(OPTIMIZE) -fsanitize=fuzzer $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) $(LINK) $(LDLIBS)
$(REPLAYS): $(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/fuzz.o \
            $(BUILD)/tests/fuzz/replay.o $(LIBRARY)
	$(call say,link,$@)
	$Q$(CC) $(OPTIMIZE) $(LDFLAGS) -o $@ $^ $(LINK) $(LDLIBS)
.SECONDARY: $(FUZZ_OBJECTS)
-include $(FUZZ_OBJECTS:.o=.d)

# RUNS executions of each target (or of TARGETS="script png"): 10,000,000 take hours.
RUNS ?= 20000
fuzz:
	@tools/deps.sh build fuzz
	@$(MAKE) --no-print-directory KIND=fuzz CC=clang fuzzers
	@tests/fuzz/run.sh $(RUNS) $(TARGETS)

test:
	@tools/deps.sh build test
	@tests/run.sh $(SUITES)

# What is too large for every day.
big: program
	@tests/big/npy.sh ./armc
	@tests/big/made.sh ./armc

# --- the rest ----------------------------------------------------------------------------------------------------------

deps:
	@tools/deps.sh --all && echo "all packages are there"

demo:
	@tools/deps.sh build demo
	@$(MAKE) --no-print-directory program
	@tools/demo.sh

lint:
	@tools/lint.sh

# The kernels of arm64, run by qemu, give the bits of this machine's.
.PHONY: arm64
arm64:
	@tools/arm64.sh

.PHONY: results results-check results-accept
# The trainings of docs/results/runs.txt: NAME=… for some of them.
results: program
	@tools/results.sh train $(or $(NAME),$(error NAME=… says which of docs/results/runs.txt))
results-check results-accept: results-%: program
	@tools/results.sh $* $(NAME)

# Each bench/*.c is a program that links the runtime.
BENCH := $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*.c))
$(BENCH): $(BUILD)/bench/%: $(BUILD)/bench/%.o $(LIBRARY)
	$(call say,link,$@)
	$Q$(CC) $(OPTIMIZE) $(LDFLAGS) -o $@ $^ $(LINK) $(LDLIBS)
.SECONDARY: $(BENCH:%=%.o)
-include $(BENCH:%=%.d)

benches: $(BENCH)
bench: program $(BENCH)
	@bench/run

# A training step of convolutional nets beside PyTorch's in all the ways that might be its best. It takes hours; less with
# ARGS='pixelcnn_made --batches 16 --threads 1'.
bench-conv: $(BUILD)/bench/step $(BUILD)/bench/peak
	@python3 bench/conv.py $^ $(ARGS)

# Where the time of a training step goes: make profile FILE=models/nade.arm ARGS='data=mnist batch=100'
FILE ?= models/nade.arm
profile: program
	@./armc profile $(FILE) $(ARGS)

# How long the proof takes; fails where that is more than it may.
bench-prove: $(BUILD)/bench/prove
	@$<

# Sampling, beside PyTorch's and beside a forward pass.
bench-sample: $(BUILD)/bench/sample
	@python3 bench/sample.py $<

OUR_C = $(shell find include runtime grammar tests bench -name '*.[ch]')
fmt:
	clang-format -i $(OUR_C)
fmt-check:
	@status=0; for file in $(OUR_C); do \
	    clang-format "$$file" | cmp -s - "$$file" || { echo "$$file: make fmt would change it"; status=1; }; \
	done; exit $$status

install: program
	install -D -m 755 armc $(DESTDIR)$(PREFIX)/bin/armc
	install -D -m 644 include/armc.h $(DESTDIR)$(PREFIX)/include/armc.h
	install -D -m 644 build/release$(COMPILER)/libarmc.a $(DESTDIR)$(PREFIX)/lib/libarmc.a

clean:
	rm -rf build armc demo
