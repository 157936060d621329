/* What `field` and `armc check --field` tell of a receptive field. */
#ifndef ARMC_LEARN_FIELD_TELL_H
#define ARMC_LEARN_FIELD_TELL_H

#include "runtime/graph/field.h"
#include "runtime/learn/net.h"

/* The entry in the middle of every dimension. */
int64_t armc_field_middle(ArmcShape shape);

/* The numbers in a line, and with `drawing` the field below. */
void armc_field_tell(ArmcSession *session, const ArmcNet *net, const ArmcField *field,
                     bool drawing);
/* The numbers as JSON; `more` is put behind them: ", \"to\": …". */
void armc_field_tell_json(ArmcSession *session, const ArmcNet *net, const ArmcField *field,
                          const char *more);

/* The fields of the variable in the middle and of the last one. */
void armc_field_tell_two(ArmcSession *session, const ArmcNet *net);

#endif
