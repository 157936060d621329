/* Leaves: the executor gives them their memory. */
#include "runtime/graph/op.h"

ARMC_OP(input) = {
    .name = "input",
    .doc = "The variable, or a condition: an example of the data.",
    .sig = "-> ?",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_LEAF,
};

ARMC_OP(parameter) = {
    .name = "parameter",
    .doc = "An array that training changes.",
    .sig = "-> ?",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_LEAF,
};

ARMC_OP(constant) = {
    .name = "constant",
    .doc = "An array that never changes.",
    .sig = "-> ?",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_LEAF,
};

ARMC_OP(seed) = {
    .name = "seed",
    .doc = "One over the number of examples in the step: where the backward pass begins.",
    .sig = "-> ?",
    .flags = ARMC_OP_INTERNAL | ARMC_OP_LEAF,
};
