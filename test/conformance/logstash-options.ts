/**
 * What Logstash 9's plugins take, as plain facts read from their sources: names of options, of old ones whose use is
 * an error there by now (Millrace takes most of them as other names), and whether ecs_compatibility is known. The
 * options that all plugins of a kind share are left out.
 */
import type { PluginKind } from '../../src/kernel/plugin.ts';

export interface LogstashPlugin {
  readonly options: readonly string[];
  /** Logstash: a config error that names the new option. Here: a renamed, deprecated or obsolete option. */
  readonly old?: readonly string[];
  readonly ecs?: boolean;
  readonly defaultCodec?: string;
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const httpClient = words(`
  request_timeout socket_timeout connect_timeout follow_redirects pool_max pool_max_per_route keepalive
  automatic_retries retry_non_idempotent validate_after_inactivity ssl_enabled ssl_certificate_authorities
  ssl_certificate ssl_key ssl_keystore_path ssl_keystore_password ssl_keystore_type ssl_verification_mode
  ssl_cipher_suites ssl_supported_protocols ssl_truststore_path ssl_truststore_password ssl_truststore_type cookies
  proxy user password cacert client_cert client_key keystore keystore_password keystore_type truststore
  truststore_password truststore_type`);

const input: Record<string, LogstashPlugin> = {
  beats: {
    options: words(`
      host port ssl_certificate ssl_enabled ssl_key ssl_key_passphrase ssl_certificate_authorities
      ssl_client_authentication include_codec_tag ssl_handshake_timeout ssl_cipher_suites ssl_supported_protocols
      client_inactivity_timeout executor_threads event_loop_threads add_hostname enrich`),
    old: words('ssl ssl_peer_metadata ssl_verify_mode cipher_suites tls_min_version tls_max_version'),
    ecs: true,
  },
  dead_letter_queue: {
    options: words('path pipeline_id commit_offsets sincedb_path start_timestamp clean_consumed'),
  },
  file: {
    options: words(`
      path exclude stat_interval discover_interval sincedb_path sincedb_write_interval start_position delimiter
      ignore_older close_older max_open_files mode file_completed_action file_completed_log_path
      sincedb_clean_after file_chunk_size file_chunk_count file_sort_by file_sort_direction exit_after_read
      check_archive_validity`),
    ecs: true,
  },
  generator: { options: words('message lines count'), ecs: true },
  heartbeat: { options: words('message interval count sequence'), ecs: true },
  http: {
    options: words(`
      host port user password ssl_enabled ssl_certificate ssl_key ssl_keystore_password ssl_keystore_path
      ssl_keystore_type ssl_key_passphrase ssl_truststore_password ssl_truststore_path ssl_truststore_type
      ssl_certificate_authorities ssl_client_authentication ssl_handshake_timeout ssl_cipher_suites
      ssl_supported_protocols additional_codecs response_headers remote_host_target_field
      request_headers_target_field threads max_pending_requests max_content_length response_code`),
    old: words(
      'ssl keystore keystore_password verify_mode cipher_suites tls_min_version tls_max_version ssl_verify_mode',
    ),
    ecs: true,
  },
  pipeline: { options: ['address'] },
  // Not one of Logstash.
  pipeline_stats: { options: [] },
  stdin: { options: [], ecs: true, defaultCodec: 'line' },
  store: { options: [] },
  syslog: {
    options: words(`
      host port syslog_field grok_pattern proxy_protocol use_labels facility_labels severity_labels timezone locale
      service_type`),
    ecs: true,
  },
  tcp: {
    options: words(`
      host port mode proxy_protocol ssl_enabled ssl_client_authentication ssl_verification_mode ssl_certificate
      ssl_key ssl_key_passphrase ssl_extra_chain_certs ssl_certificate_authorities ssl_supported_protocols
      ssl_cipher_suites tcp_keep_alive dns_reverse_lookup_enabled`),
    old: words('ssl_enable ssl_verify ssl_cert'),
    ecs: true,
    defaultCodec: 'line',
  },
  udp: {
    options: words('host port buffer_size receive_buffer_bytes workers queue_size source_ip_fieldname'),
    ecs: true,
  },
};

const filter: Record<string, LogstashPlugin> = {
  clone: { options: ['clones'], ecs: true },
  date: { options: words('timezone locale match target tag_on_failure') },
  dissect: { options: words('mapping convert_datatype tag_on_failure') },
  drop: { options: ['percentage'] },
  fingerprint: {
    options: words('source target key base64encode method concatenate_sources concatenate_all_fields'),
    ecs: true,
  },
  grok: {
    options: words(`
      match patterns_dir pattern_definitions patterns_files_glob break_on_match named_captures_only
      keep_empty_captures target tag_on_failure timeout_millis timeout_scope tag_on_timeout overwrite`),
    ecs: true,
  },
  json: { options: words('source target tag_on_failure skip_on_invalid_json'), ecs: true },
  kv: {
    options: words(`
      trim_value trim_key remove_char_value remove_char_key transform_value transform_key field_split
      field_split_pattern value_split value_split_pattern prefix source target include_keys exclude_keys
      default_keys allow_duplicate_values allow_empty_values include_brackets recursive whitespace timeout_millis
      tag_on_timeout tag_on_failure`),
    ecs: true,
  },
  mutate: {
    options: words(`
      coerce rename replace update convert gsub uppercase lowercase capitalize split join strip merge copy
      tag_on_failure`),
  },
  ruby: { options: words('init code path script_params tag_on_exception tag_with_exception_message') },
  split: { options: words('terminator field target') },
  uuid: { options: words('target overwrite') },
};

const output: Record<string, LogstashPlugin> = {
  elasticsearch: {
    options: words(`
      action index document_type manage_template template_name template template_overwrite template_api version
      version_type routing parent join_field upsert doc_as_upsert script script_type script_lang script_var_name
      scripted_upsert retry_on_conflict pipeline ilm_enabled ilm_rollover_alias ilm_pattern ilm_policy data_stream
      data_stream_type data_stream_dataset data_stream_namespace data_stream_sync_fields data_stream_auto_routing
      user password api_key cloud_id cloud_auth document_id path bulk_path parameters ssl_enabled ssl_certificate
      ssl_certificate_authorities ssl_cipher_suites ssl_key ssl_keystore_password ssl_keystore_path
      ssl_keystore_type ssl_supported_protocols ssl_truststore_password ssl_truststore_path ssl_truststore_type
      ssl_verification_mode ca_trusted_fingerprint sniffing sniffing_delay sniffing_path proxy timeout
      silence_errors_in_log pool_max pool_max_per_route healthcheck_path resurrect_delay
      validate_after_inactivity compression_level custom_headers hosts retry_initial_interval retry_max_interval
      dlq_custom_codes dlq_on_failed_indexname_interpolation drop_error_types`),
    old: words(
      'ssl cacert keystore keystore_password truststore truststore_password ssl_certificate_verification',
    ),
    ecs: true,
  },
  file: {
    options: words(`
      path flush_interval gzip filename_failure create_if_deleted dir_mode file_mode write_behavior
      stale_cleanup_interval`),
    defaultCodec: 'json_lines',
  },
  http: {
    options: [
      ...httpClient,
      ...words(`
        url http_method headers content_type retry_failed retryable_codes ignorable_codes mapping format
        http_compression message`),
    ],
  },
  lumberjack: { options: words('hosts port ssl_certificate flush_size idle_flush_time') },
  null: { options: [] },
  pipeline: { options: words('send_to ensure_delivery') },
  sink: { options: [] },
  store: { options: words('index document_id action') },
  stdout: { options: [], defaultCodec: 'rubydebug' },
  tcp: {
    options: words(`
      host port reconnect_interval mode ssl_enabled ssl_client_authentication ssl_verification_mode
      ssl_certificate_authorities ssl_certificate ssl_key ssl_key_passphrase ssl_supported_protocols
      ssl_cipher_suites`),
    old: words('ssl_enable ssl_verify ssl_cacert ssl_cert'),
    defaultCodec: 'json',
  },
  udp: { options: words('host port retry_count retry_backoff_ms'), defaultCodec: 'json' },
};

const codec: Record<string, LogstashPlugin> = {
  dots: { options: [] },
  json: { options: words('charset target'), ecs: true },
  json_lines: { options: words('charset delimiter decode_size_limit_bytes target'), ecs: true },
  line: { options: words('format charset delimiter'), ecs: true },
  multiline: {
    options: words(`
      pattern what negate patterns_dir charset multiline_tag max_lines max_bytes auto_flush_interval`),
    ecs: true,
  },
  plain: { options: words('format charset'), ecs: true },
  rubydebug: { options: ['metadata'] },
};

export const logstashPlugins: Readonly<Record<PluginKind, Readonly<Record<string, LogstashPlugin>>>> = {
  input: { ...input, elastic_agent: input['beats']! },
  filter,
  output,
  codec,
};
