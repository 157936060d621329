/* cmocka and the headers that it needs before it. Each tests/unit/test_*.c is a program of its own,
 * linked with the whole runtime but the command line; the other .c files of this folder are shared
 * by all. A test runs in an empty folder. */
#ifndef ARMC_TESTS_UNIT_H
#define ARMC_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
