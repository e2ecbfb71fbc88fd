// What Swift cannot say to gRPC's C core: batches of operations (unions and memory that must outlive the batch), slices
// (macros), channel arguments.
#ifndef CGRPC_SUPPORT_H
#define CGRPC_SUPPORT_H

// First, so that gRPC's own _GNU_SOURCE comes too late: with it, fd_set would differ from every other module's.
#include <features.h>

#include <grpc/grpc.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/support/log.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One batch of operations with all the memory that the core reads or fills until the batch completes.
typedef struct ukgrpc_batch ukgrpc_batch;

ukgrpc_batch *ukgrpc_batch_create(void);
void ukgrpc_batch_destroy(ukgrpc_batch *batch);

// Metadata of the operations that send some; all of it is added before the batch starts.
void ukgrpc_batch_add_initial_metadata(ukgrpc_batch *batch, const void *name, size_t name_length, const void *value,
                                       size_t value_length);
void ukgrpc_batch_add_trailing_metadata(ukgrpc_batch *batch, const void *name, size_t name_length, const void *value,
                                        size_t value_length);

void ukgrpc_batch_send_initial_metadata(ukgrpc_batch *batch, bool wait_for_ready);
void ukgrpc_batch_send_message(ukgrpc_batch *batch, const void *bytes, size_t length);
void ukgrpc_batch_send_close(ukgrpc_batch *batch);
void ukgrpc_batch_send_status(ukgrpc_batch *batch, int32_t code, const void *message, size_t length);
void ukgrpc_batch_receive_initial_metadata(ukgrpc_batch *batch);
void ukgrpc_batch_receive_message(ukgrpc_batch *batch);
void ukgrpc_batch_receive_status(ukgrpc_batch *batch);
void ukgrpc_batch_receive_close(ukgrpc_batch *batch);

// Starts the batch; after GRPC_CALL_OK the tag comes out of the call's completion queue once.
grpc_call_error ukgrpc_batch_start(ukgrpc_batch *batch, grpc_call *call, void *tag);

// Results, valid once the batch has completed.
bool ukgrpc_batch_has_message(const ukgrpc_batch *batch);
size_t ukgrpc_batch_message_length(const ukgrpc_batch *batch);
void ukgrpc_batch_copy_message(const ukgrpc_batch *batch, void *bytes, size_t length);
int32_t ukgrpc_batch_status(const ukgrpc_batch *batch);
const void *ukgrpc_batch_status_message(const ukgrpc_batch *batch, size_t *length);
bool ukgrpc_batch_cancelled(const ukgrpc_batch *batch);
const grpc_metadata_array *ukgrpc_batch_initial_metadata(const ukgrpc_batch *batch);
const grpc_metadata_array *ukgrpc_batch_trailing_metadata(const ukgrpc_batch *batch);

const void *ukgrpc_slice_bytes(const grpc_slice *slice, size_t *length);

// What grpc_server_request_call fills.
typedef struct ukgrpc_request {
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
} ukgrpc_request;

ukgrpc_request *ukgrpc_request_create(void);
void ukgrpc_request_destroy(ukgrpc_request *request);

// A channel or server with integer arguments: `count` names and as many values.
grpc_channel *ukgrpc_channel_create(const char *target, const char *const *names, const int *values, size_t count);
grpc_server *ukgrpc_server_create(const char *const *names, const int *values, size_t count);
// Hands a connected socket to a started server, which owns it from then on.
void ukgrpc_server_adopt(grpc_server *server, int descriptor);

grpc_call *ukgrpc_call_create(grpc_channel *channel, grpc_completion_queue *queue, const char *method,
                              size_t method_length, gpr_timespec deadline);

// The deadline `nanoseconds` from now, or never when negative.
gpr_timespec ukgrpc_deadline(int64_t nanoseconds);
// Nanoseconds until the deadline: negative when past, INT64_MAX when there is none.
int64_t ukgrpc_remaining(gpr_timespec deadline);

// Names the calling thread, for people who look at the process (at most 15 bytes).
void ukgrpc_name_thread(const char *name);

// Sends what the core logs to `log` (severity as in gpr_log_severity) in place of standard error.
void ukgrpc_set_log(void (*log)(int severity, const char *file, int line, const char *message));

#endif
