#include "CGRPCSupport.h"

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>
#include <string.h>
#include <sys/prctl.h>

enum { MAXIMUM_OPERATIONS = 8 };

typedef struct sent_metadata {
    grpc_metadata *items;
    size_t count;
    size_t capacity;
} sent_metadata;

struct ukgrpc_batch {
    grpc_op operations[MAXIMUM_OPERATIONS];
    size_t count;
    sent_metadata initial;
    sent_metadata trailing;
    grpc_byte_buffer *sent;
    grpc_byte_buffer *received;
    grpc_slice sent_status;
    grpc_metadata_array received_initial;
    grpc_metadata_array received_trailing;
    grpc_status_code status;
    grpc_slice status_message;
    int cancelled;
};

ukgrpc_batch *ukgrpc_batch_create(void) {
    ukgrpc_batch *batch = gpr_zalloc(sizeof *batch);
    batch->sent_status = grpc_empty_slice();
    batch->status_message = grpc_empty_slice();
    batch->status = GRPC_STATUS_UNKNOWN;
    grpc_metadata_array_init(&batch->received_initial);
    grpc_metadata_array_init(&batch->received_trailing);
    return batch;
}

static void sent_metadata_destroy(sent_metadata *metadata) {
    for (size_t i = 0; i < metadata->count; i++) {
        grpc_slice_unref(metadata->items[i].key);
        grpc_slice_unref(metadata->items[i].value);
    }
    gpr_free(metadata->items);
}

void ukgrpc_batch_destroy(ukgrpc_batch *batch) {
    sent_metadata_destroy(&batch->initial);
    sent_metadata_destroy(&batch->trailing);
    if (batch->sent) grpc_byte_buffer_destroy(batch->sent);
    if (batch->received) grpc_byte_buffer_destroy(batch->received);
    grpc_slice_unref(batch->sent_status);
    grpc_slice_unref(batch->status_message);
    grpc_metadata_array_destroy(&batch->received_initial);
    grpc_metadata_array_destroy(&batch->received_trailing);
    gpr_free(batch);
}

static void sent_metadata_add(sent_metadata *metadata, const void *name, size_t name_length, const void *value,
                              size_t value_length) {
    if (metadata->count == metadata->capacity) {
        metadata->capacity = metadata->capacity ? metadata->capacity * 2 : 4;
        metadata->items = gpr_realloc(metadata->items, metadata->capacity * sizeof *metadata->items);
    }
    grpc_metadata *item = &metadata->items[metadata->count++];
    memset(item, 0, sizeof *item);
    item->key = grpc_slice_from_copied_buffer(name, name_length);
    item->value = grpc_slice_from_copied_buffer(value, value_length);
}

void ukgrpc_batch_add_initial_metadata(ukgrpc_batch *batch, const void *name, size_t name_length, const void *value,
                                       size_t value_length) {
    sent_metadata_add(&batch->initial, name, name_length, value, value_length);
}

void ukgrpc_batch_add_trailing_metadata(ukgrpc_batch *batch, const void *name, size_t name_length, const void *value,
                                        size_t value_length) {
    sent_metadata_add(&batch->trailing, name, name_length, value, value_length);
}

static grpc_op *add(ukgrpc_batch *batch, grpc_op_type type) {
    GPR_ASSERT(batch->count < MAXIMUM_OPERATIONS);
    grpc_op *operation = &batch->operations[batch->count++];
    operation->op = type;
    return operation;
}

void ukgrpc_batch_send_initial_metadata(ukgrpc_batch *batch, bool wait_for_ready) {
    grpc_op *operation = add(batch, GRPC_OP_SEND_INITIAL_METADATA);
    if (wait_for_ready) {
        operation->flags = GRPC_INITIAL_METADATA_WAIT_FOR_READY | GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET;
    }
    operation->data.send_initial_metadata.count = batch->initial.count;
    operation->data.send_initial_metadata.metadata = batch->initial.items;
}

void ukgrpc_batch_send_message(ukgrpc_batch *batch, const void *bytes, size_t length) {
    grpc_slice slice = grpc_slice_from_copied_buffer(bytes, length);
    batch->sent = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    add(batch, GRPC_OP_SEND_MESSAGE)->data.send_message.send_message = batch->sent;
}

void ukgrpc_batch_send_close(ukgrpc_batch *batch) { add(batch, GRPC_OP_SEND_CLOSE_FROM_CLIENT); }

void ukgrpc_batch_send_status(ukgrpc_batch *batch, int32_t code, const void *message, size_t length) {
    grpc_op *operation = add(batch, GRPC_OP_SEND_STATUS_FROM_SERVER);
    batch->sent_status = grpc_slice_from_copied_buffer(message, length);
    operation->data.send_status_from_server.status = (grpc_status_code)code;
    operation->data.send_status_from_server.status_details = &batch->sent_status;
    operation->data.send_status_from_server.trailing_metadata_count = batch->trailing.count;
    operation->data.send_status_from_server.trailing_metadata = batch->trailing.items;
}

void ukgrpc_batch_receive_initial_metadata(ukgrpc_batch *batch) {
    add(batch, GRPC_OP_RECV_INITIAL_METADATA)->data.recv_initial_metadata.recv_initial_metadata =
        &batch->received_initial;
}

void ukgrpc_batch_receive_message(ukgrpc_batch *batch) {
    add(batch, GRPC_OP_RECV_MESSAGE)->data.recv_message.recv_message = &batch->received;
}

void ukgrpc_batch_receive_status(ukgrpc_batch *batch) {
    grpc_op *operation = add(batch, GRPC_OP_RECV_STATUS_ON_CLIENT);
    operation->data.recv_status_on_client.trailing_metadata = &batch->received_trailing;
    operation->data.recv_status_on_client.status = &batch->status;
    operation->data.recv_status_on_client.status_details = &batch->status_message;
}

void ukgrpc_batch_receive_close(ukgrpc_batch *batch) {
    add(batch, GRPC_OP_RECV_CLOSE_ON_SERVER)->data.recv_close_on_server.cancelled = &batch->cancelled;
}

grpc_call_error ukgrpc_batch_start(ukgrpc_batch *batch, grpc_call *call, void *tag) {
    return grpc_call_start_batch(call, batch->operations, batch->count, tag, NULL);
}

bool ukgrpc_batch_has_message(const ukgrpc_batch *batch) { return batch->received != NULL; }

size_t ukgrpc_batch_message_length(const ukgrpc_batch *batch) {
    if (!batch->received) return 0;
    grpc_byte_buffer_reader reader;
    if (!grpc_byte_buffer_reader_init(&reader, batch->received)) return 0;
    size_t length = 0;
    grpc_slice *slice;
    while (grpc_byte_buffer_reader_peek(&reader, &slice)) length += GRPC_SLICE_LENGTH(*slice);
    grpc_byte_buffer_reader_destroy(&reader);
    return length;
}

void ukgrpc_batch_copy_message(const ukgrpc_batch *batch, void *bytes, size_t length) {
    grpc_byte_buffer_reader reader;
    if (!batch->received || !grpc_byte_buffer_reader_init(&reader, batch->received)) return;
    grpc_slice *slice;
    uint8_t *end = bytes;
    while (grpc_byte_buffer_reader_peek(&reader, &slice) && GRPC_SLICE_LENGTH(*slice) <= length) {
        memcpy(end, GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice));
        end += GRPC_SLICE_LENGTH(*slice);
        length -= GRPC_SLICE_LENGTH(*slice);
    }
    grpc_byte_buffer_reader_destroy(&reader);
}

int32_t ukgrpc_batch_status(const ukgrpc_batch *batch) { return (int32_t)batch->status; }

const void *ukgrpc_batch_status_message(const ukgrpc_batch *batch, size_t *length) {
    return ukgrpc_slice_bytes(&batch->status_message, length);
}

bool ukgrpc_batch_cancelled(const ukgrpc_batch *batch) { return batch->cancelled != 0; }

const grpc_metadata_array *ukgrpc_batch_initial_metadata(const ukgrpc_batch *batch) { return &batch->received_initial; }

const grpc_metadata_array *ukgrpc_batch_trailing_metadata(const ukgrpc_batch *batch) {
    return &batch->received_trailing;
}

const void *ukgrpc_slice_bytes(const grpc_slice *slice, size_t *length) {
    *length = GRPC_SLICE_LENGTH(*slice);
    return GRPC_SLICE_START_PTR(*slice);
}

ukgrpc_request *ukgrpc_request_create(void) {
    ukgrpc_request *request = gpr_zalloc(sizeof *request);
    grpc_call_details_init(&request->details);
    grpc_metadata_array_init(&request->metadata);
    return request;
}

void ukgrpc_request_destroy(ukgrpc_request *request) {
    grpc_call_details_destroy(&request->details);
    grpc_metadata_array_destroy(&request->metadata);
    gpr_free(request);
}

static grpc_channel_args arguments(grpc_arg *items, const char *const *names, const int *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        items[i] = (grpc_arg){.type = GRPC_ARG_INTEGER, .key = (char *)names[i]};
        items[i].value.integer = values[i];
    }
    return (grpc_channel_args){.num_args = count, .args = items};
}

grpc_channel *ukgrpc_channel_create(const char *target, const char *const *names, const int *values, size_t count) {
    grpc_arg items[count];
    grpc_channel_args args = arguments(items, names, values, count);
    grpc_channel_credentials *credentials = grpc_insecure_credentials_create();
    grpc_channel *channel = grpc_channel_create(target, credentials, &args);
    grpc_channel_credentials_release(credentials);
    return channel;
}

grpc_server *ukgrpc_server_create(const char *const *names, const int *values, size_t count) {
    grpc_arg items[count];
    grpc_channel_args args = arguments(items, names, values, count);
    return grpc_server_create(&args, NULL);
}

void ukgrpc_server_adopt(grpc_server *server, int descriptor) {
    grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
    grpc_server_add_channel_from_fd(server, descriptor, credentials);
    grpc_server_credentials_release(credentials);
}

grpc_call *ukgrpc_call_create(grpc_channel *channel, grpc_completion_queue *queue, const char *method,
                              size_t method_length, gpr_timespec deadline) {
    grpc_slice path = grpc_slice_from_copied_buffer(method, method_length);
    grpc_call *call =
        grpc_channel_create_call(channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue, path, NULL, deadline, NULL);
    grpc_slice_unref(path);
    return call;
}

gpr_timespec ukgrpc_deadline(int64_t nanoseconds) {
    if (nanoseconds < 0) return gpr_inf_future(GPR_CLOCK_REALTIME);
    return gpr_time_add(gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_nanos(nanoseconds, GPR_TIMESPAN));
}

int64_t ukgrpc_remaining(gpr_timespec deadline) {
    if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return INT64_MAX;
    gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
    return left.tv_sec * 1000000000ll + left.tv_nsec;
}

void ukgrpc_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

static void (*log_sink)(int severity, const char *file, int line, const char *message);

static void log_to_sink(gpr_log_func_args *args) {
    log_sink((int)args->severity, args->file, args->line, args->message);
}

void ukgrpc_set_log(void (*log)(int severity, const char *file, int line, const char *message)) {
    log_sink = log;
    gpr_set_log_function(log_to_sink);
}
