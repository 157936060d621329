/* Inside exec: a program as steps over memory.
 *
 * A step is a single node on whole arrays, or a region: nodes with per-site arithmetic that run
 * together on pieces small enough to stay in cache. A region of ROWS walks over (example, site)
 * pairs a tile at a time. A region of SITES walks over the sites for a block of examples: running
 * sums keep their state, each site's matrices are used for the whole block.
 *
 * The loop over sites follows the order of the region's scans. What memory holds of a site lies at
 * the site; what a worker keeps of it lies at its place in the order.
 *
 * A SITES region with a sum in descending order (the gradient of a running sum) sweeps twice. Up:
 * only what the ascending sums need, their states kept at the beginning of each segment of sites.
 * Down, a segment at a time from the last: the ascending part is computed again from the kept
 * states, then everything else runs site by site in descending order. So every activation lives in
 * cache, and none of the large ones is stored.
 *
 * Passes over memory are what a site costs, so some are left out. A sum's result that is its state
 * is read where it is; the states of a segment are computed straight into the places where they are
 * kept; what is made for a sum alone is added to the state by its maker (ARMC_OP_ACCUMULATES); and
 * a sum over all sites of what a scan adds up is the scan's last state. In a region of ROWS what is
 * made for a sum of two alone is added to the other one by its maker (ARMC_OP_ADDS).
 *
 * Where an example's activations are large and weights are small, a batch goes depth first: a few
 * examples at a time through everything, forward and backward, on one thread, so that activations
 * stay in cache and memory doesn't grow with the batch. What doesn't depend on examples is computed
 * once before; what is summed over them goes to lanes, which are merged in a fixed tree; what
 * follows from the sums is computed once behind. */
#ifndef ARMC_EXEC_INTERNAL_H
#define ARMC_EXEC_INTERNAL_H

#include "runtime/exec/program.h"
#include "runtime/graph/build.h"

typedef enum StepKind { STEP_NODE, STEP_ROWS, STEP_SITES } StepKind;

/* Where a value's numbers are. */
typedef enum Store {
    STORE_FIXED, /* parameter, constant, input, seed: `data` */
    STORE_ARENA, /* `offset` in the arena of the step */
    STORE_LOCAL, /* inside one region: `offset` in the worker's scratch, for one block */
    STORE_STATE, /* inside one region: a scan's state itself, read in place; `offset` in scratch */
    STORE_KEPT,  /* inside one region, from the ascending to the descending sweep: a block for each
                    site of a segment */
    STORE_SUM,   /* summed over examples: arena, through lanes */
} Store;

typedef struct Place {
    Store store;
    const ArmcReal *data;
    int64_t offset;  /* entries */
    int64_t size;    /* entries at the full batch */
    int first, last; /* steps between which an arena value lives */
} Place;

/* How a member of a region finds the rows of one input or of its result; bound when memory is
 * there. */
typedef struct Operand {
    Store store;
    char kind;                       /* of rows_in, rows_out: 'r', 's', 'w', 'S', 'W' */
    ArmcReal *base;                  /* fixed or in the arena */
    int64_t offset;                  /* in scratch */
    int64_t example_step, site_step; /* entries; site_step is the slice for 's' and 'S' */
    int64_t width;
    int64_t pitch; /* in scratch: entries from one row to the next */
} Operand;

typedef struct Member Member;
struct Member {
    ArmcNode *node;
    Operand in[ARMC_MAX_INPUTS], out, onto; /* onto: what the result is added to, with a `sum` */
    bool up;               /* runs in the ascending sweep (and is repeated in the descending one) */
    struct Member *source; /* scans: the member that adds its result to the state itself; it runs at
                              the site's end */
    struct Member *sum;    /* the one that reads its result, to add it to input `addend`: it does
                              that itself, at its own place */
    int addend;
    bool joined;          /* such a sum */
    bool absorbed;        /* a source */
    struct Member *total; /* sums that take what a scan adds up: they take the scan's state once,
                             when its sweep is over */
    bool read_up;         /* its result is read in the ascending sweep too */
    int64_t state_offset; /* scans: in scratch */
    int64_t saved_offset; /* scans going up: states at the segments' beginnings, in scratch */
    int64_t lane_offset;  /* sums: in a lane */
};

/* A member at work on a block: where its operands are at site 0, and how far sites lie apart. */
typedef struct Live {
    ArmcRows rows;
    const ArmcReal *in[ARMC_MAX_INPUTS];
    int64_t in_stride[ARMC_MAX_INPUTS];
    ArmcReal *out;
    int64_t out_stride;
} Live;

typedef struct Step {
    StepKind kind;
    Member *members;
    size_t count, capacity;
    int64_t sites;
    bool has_scan;
    const ArmcOrder *order; /* of its scans: the order in which sites are visited; NULL: raster */
    bool two_sweeps;
    int64_t block;                /* examples (SITES) or rows (ROWS) at a time */
    int64_t segment;              /* sites */
    int64_t lanes;                /* parts of the batch with a copy of the sums each; 0: no sums */
    int64_t lane_size, lane_base; /* entries of a lane; where lanes lie in the arena (lane 0 too) */
    int64_t scratch;              /* entries for each worker */
} Step;

typedef struct Profile {
    ArmcProfileMode mode;
    double *steps;  /* seconds, by step */
    double **nodes; /* of each worker: seconds, by node id */
} Profile;

/* When a node is computed. */
typedef enum Phase {
    PHASE_ALL,    /* there is one phase */
    PHASE_BEFORE, /* depth first: once, before the batch */
    PHASE_BODY,   /* for each micro-batch */
    PHASE_AFTER,  /* once, from what was summed over the batch */
} Phase;

/* A sum over the batch. */
typedef struct DepthSum {
    const ArmcValue *value;
    int64_t offset, size; /* in a lane */
} DepthSum;

/* A batch that goes depth first: the program itself has the steps before and after it. */
typedef struct Depth {
    int64_t each;          /* examples of a micro-batch */
    ArmcProgram *body;     /* the steps of a micro-batch */
    ArmcProgram **workers; /* the same for each worker, with memory of its own */
    size_t before;         /* steps of the program that come before the batch */
    DepthSum *sums;
    size_t sum_count, sum_capacity;
    int64_t most_lanes, lane_size;
    ArmcReal *lanes;   /* the first one has the result in the end */
    ArmcReal **params; /* PARAMS: (batch, count, width) of each likelihood */
} Depth;

struct ArmcProgram {
    ArmcArena *arena;
    const ArmcGraph *model; /* the user's graph: parameters, inputs, likelihoods */
    ArmcGraph *graph;       /* what is computed */
    ArmcProgramKind kind;
    ArmcProgramOptions options;
    ArmcOutputs outputs;
    size_t nll_count; /* outputs: first nll of each likelihood, then gradients or parameters */
    Step *steps;
    size_t step_count, step_capacity;
    Place *places; /* by value id; views share the place of what they view */
    ArmcPlan plan;
    int64_t arena_size, scratch_size;
    ArmcPool *pool;
    ArmcReal *memory;   /* the arena of a step */
    ArmcReal **scratch; /* one a worker */
    Live **live;        /* one a worker: as many as the largest step has members */
    ArmcReal **inputs;
    ArmcReal *nll;   /* gathered (batch, D) where likelihoods are parts */
    ArmcReal *zeros; /* the gradient of parameters without use */
    ArmcReal seed;
    Profile *profile;         /* NULL: nothing is measured */
    const uint8_t *phase_of;  /* by node id; NULL: there is one phase */
    Depth *depth;             /* NULL: the batch goes in one */
    const ArmcProgram *whole; /* of a body: the program that it belongs to */
};

/* The value whose memory it is: through views. */
const ArmcValue *armc_exec_base(const ArmcValue *value);
/* Does the view leave rows as they are (the same sites and features)? */
bool armc_exec_same_rows(const ArmcValue *a, const ArmcValue *b);
bool armc_exec_is_view(const ArmcNode *node);

/* How far rows of a width lie apart in scratch. */
int64_t armc_exec_pitch(int64_t width);

/* Appends the steps of a phase. */
void armc_exec_partition(ArmcProgram *program, Phase phase);
Phase armc_exec_phase(const ArmcProgram *program, const ArmcNode *node);
void armc_exec_layout(ArmcProgram *program);
void armc_exec_region(ArmcProgram *program, Step *step);

/* The model's graph with room for more nodes: nodes are shared, the list is not, so the model
 * itself stays as it is. */
ArmcGraph *armc_exec_fork_graph(ArmcArena *arena, const ArmcGraph *model);

/* What depends on the gradient that everything begins with: by node id. */
bool *armc_exec_backward(const ArmcProgram *program, ArmcArena *arena);

/* Seconds of a clock that never goes back. */
double armc_exec_now(void);

/* Finds the operands of every member, once memory is there. */
void armc_exec_bind(ArmcProgram *program);
/* Runs a region on the first n examples. */
void armc_exec_run_region(ArmcProgram *program, const Step *step, const ArmcStepInfo *info,
                          int64_t n);
/* What a value of a program that is prepared holds. */
const ArmcReal *armc_exec_data(const ArmcProgram *program, const ArmcValue *value);

/* How many threads run the tasks of a program, and a phase of them. */
int armc_exec_threads(const ArmcProgram *program);
void armc_exec_tasks(const ArmcProgram *program, int64_t count, ArmcTask task, void *context);
void armc_exec_run_steps(ArmcProgram *program, size_t begin, size_t end, const ArmcStepInfo *info,
                         int64_t n);
/* The buffers of one program and its leaves; `pool` NULL: it runs on the thread that calls it. */
void armc_exec_prepare(ArmcProgram *program, ArmcPool *pool);
/* The nats of n examples of `from` are those from `first` on of the program. */
void armc_exec_gather_nll(ArmcProgram *program, const ArmcProgram *from, int64_t first, int64_t n);

/* Lets the batch go depth first where this pays (or is asked for), after a layout in one. */
void armc_exec_deepen(ArmcProgram *program);
void armc_exec_prepare_depth(ArmcProgram *program);
void armc_exec_run_deep(ArmcProgram *program, const ArmcStepInfo *info, int64_t n);
/* Hands a micro-batch to a body: the inputs of examples first.. and what it is to know of them. */
ArmcStepInfo armc_exec_feed_body(ArmcProgram *body, const ArmcStepInfo *info, int64_t first,
                                 int64_t n);

#endif
