import type { Json } from './nodes.ts';

/**
 * What indices get that no template fits, on a fresh store: exact keywords, names of ECS and of Logstash in their
 * types. A forensic choice: every value is found by exactly what was sent, `message` too, whatever its length up to
 * Lucene's limit. Text that is analysed is for templates to ask for.
 */
export const DEFAULT_TEMPLATE: Json = {
  settings: {
    'index.number_of_shards': '1',
    'index.number_of_replicas': '0',
    'index.mapping.total_fields.limit': '2000',
  },
  mappings: {
    dynamic_templates: [
      {
        locations: {
          path_match: ['*geo.location', 'geoip.location', '*.geoip.location'],
          mapping: { type: 'geo_point' },
        },
      },
      {
        addresses: {
          match_mapping_type: 'string',
          path_match: ['ip', '*.ip', '*_ip', '*.resolved_ip', 'clientip', '*.remote_ip_list'],
          mapping: { type: 'ip' },
        },
      },
    ],
    properties: {
      '@timestamp': { type: 'date' },
      '@version': { type: 'keyword' },
      message: { type: 'keyword' },
      event: {
        properties: {
          original: { type: 'keyword', index: false, doc_values: false },
          // ECS has them as numbers and keywords; devices send either.
          code: { type: 'keyword' },
          risk_score: { type: 'float' },
          risk_score_norm: { type: 'float' },
        },
      },
    },
  },
};
