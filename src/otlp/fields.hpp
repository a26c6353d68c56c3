// The fields of OpenTelemetry's protocol that we write, and the few that we read: their numbers in its .proto files, which never change their meaning.
// tests/programs/otlp_test.py reads what is sent by those files, and finds a number that is wrong.
#pragma once

#include <protozero/types.hpp>

namespace seki::otlp {

using tag = protozero::pbf_tag_type;

// opentelemetry.proto.common.v1
enum class any_value : tag { string_value = 1, bool_value = 2, int_value = 3, double_value = 4 };
enum class key_value : tag { key = 1, value = 2 };
enum class scope : tag { name = 1, version = 2 };

// opentelemetry.proto.resource.v1
enum class resource_message : tag { attributes = 1 };

// opentelemetry.proto.metrics.v1
enum class metrics_request : tag { resource_metrics = 1 };
enum class resource_metrics : tag { resource = 1, scope_metrics = 2 };
enum class scope_metrics : tag { scope = 1, metrics = 2 };
enum class metric : tag { name = 1, description = 2, unit = 3, gauge = 5, sum = 7, histogram = 9 };
enum class gauge : tag { data_points = 1 };
enum class sum : tag { data_points = 1, aggregation_temporality = 2, is_monotonic = 3 };
enum class histogram : tag { data_points = 1, aggregation_temporality = 2 };
inline constexpr int cumulative = 2;  // of AggregationTemporality
enum class number_point : tag {
    start_time_unix_nano = 2,
    time_unix_nano = 3,
    as_double = 4,
    exemplars = 5,
    as_int = 6,
    attributes = 7
};
enum class histogram_point : tag {
    start_time_unix_nano = 2,
    time_unix_nano = 3,
    count = 4,
    sum = 5,
    bucket_counts = 6,
    explicit_bounds = 7,
    exemplars = 8,
    attributes = 9
};
enum class exemplar_message : tag { time_unix_nano = 2, as_double = 3, span_id = 4, trace_id = 5 };

// opentelemetry.proto.logs.v1
enum class logs_request : tag { resource_logs = 1 };
enum class resource_logs : tag { resource = 1, scope_logs = 2 };
enum class scope_logs : tag { scope = 1, log_records = 2 };
enum class log_record : tag {
    time_unix_nano = 1,
    severity_number = 2,
    severity_text = 3,
    body = 5,
    attributes = 6,
    flags = 8,
    trace_id = 9,
    span_id = 10,
    observed_time_unix_nano = 11,
    event_name = 12
};

// opentelemetry.proto.collector: the answers to both requests, and google.rpc.Status, in which an error is told.
enum class answer_message : tag { partial_success = 1 };
enum class partial_success : tag { rejected = 1, error_message = 2 };
enum class status_message : tag { message = 2 };

}  // namespace seki::otlp
