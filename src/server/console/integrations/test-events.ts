/** Events that are like those of a source, for tests of destinations. All say that they are tests. */
import { hostname } from 'node:os';

type Fields = Readonly<Record<string, unknown>>;

/** By card; a source that is not known gets the plainest. */
export function testEvent(card: string, title: string): Fields {
  const message = `[Test message] from Millrace, like an event of ${title}`;
  const tags = ['test'];
  switch (card) {
    case 'syslog':
      return {
        message,
        tags,
        host: { ip: '127.0.0.1' },
        logsource: hostname(),
        program: 'millrace',
        severity: 5,
        severity_label: 'Notice',
        facility: 1,
        facility_label: 'user-level',
      };
    case 'beats':
      return {
        message,
        tags,
        agent: { type: 'filebeat', name: hostname() },
        host: { name: hostname() },
        log: { file: { path: '/var/log/test.log' } },
      };
    case 'wallarm':
      return {
        summary: message,
        tags,
        details: { client_name: 'TestCompany', cloud: 'EU', notification_type: 'create_user' },
      };
    case 'system':
      return {
        message,
        tags,
        event: { action: 'users.add', outcome: 'success' },
        user: { name: 'admin' },
        source: { address: '127.0.0.1' },
        details: { name: 'test.user', role: 'analyst' },
      };
    case 'files':
      return { message, tags, host: { name: hostname() }, path: '/var/log/test.log' };
    default:
      return { message, tags, host: { name: hostname() } };
  }
}
