/* All kernels of one instruction set and their table. A kernels_*.c file defines the vector (vec.h)
 * and the sizes of its register blocks, then includes this. */
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/tables.h"

#include "runtime/kernels/body_math.h"

#include "runtime/kernels/body_reduce.h"

#include "runtime/kernels/body_elementwise.h"

#include "runtime/kernels/body_dot.h"

#include "runtime/kernels/body_product.h"

#include "runtime/kernels/body_conv.h"

#include "runtime/kernels/body_fused.h"

#include "runtime/kernels/body_norm.h"

#include "runtime/kernels/body_random.h"

#include "runtime/kernels/body_lstm.h"

const ArmcKernels TABLE = {
    .name = NAME,
    .exp = exp_kernel,
    .log = log_kernel,
    .tanh = tanh_kernel,
    .sigmoid = sigmoid_kernel,
    .softplus = softplus_kernel,
    .relu = relu_kernel,
    .masked = masked_kernel,
    .sqrt = sqrt_kernel,
    .add = add_kernel,
    .sub = sub_kernel,
    .mul = mul_kernel,
    .div = div_kernel,
    .max = max_kernel,
    .min = min_kernel,
    .fill = fill_kernel,
    .scale = scale_kernel,
    .axpy = axpy_kernel,
    .sigmoid_grad = sigmoid_grad_kernel,
    .tanh_grad = tanh_grad_kernel,
    .relu_grad = relu_grad_kernel,
    .softplus_grad = softplus_grad_kernel,
    .sum = sum_kernel,
    .max_of = max_of_kernel,
    .dot = dot_kernel,
    .gemm = gemm_kernel,
    .gemm_dot = gemm_dot_kernel,
    .gemm_outer = gemm_outer_kernel,
    .packed_size = packed_size_kernel,
    .pack = pack_kernel,
    .conv = conv_kernel,
    .conv_outer = conv_outer_kernel,
    .outer_onto = outer_onto_kernel,
    .gemm_sigmoid_grad = gemm_sigmoid_grad_kernel,
    .pack_cells = pack_cells_kernel,
    .lstm = lstm_kernel,
    .lstm_back = lstm_back_kernel,
    .gru = gru_kernel,
    .gru_back = gru_back_kernel,
    .norm_stats = norm_stats_kernel,
    .norm = norm_kernel,
    .norm_dx = norm_dx_kernel,
    .norm_dw = norm_dw_kernel,
    .adam = adam_kernel,
    .uniforms = uniforms_kernel,
};
