/** What settings say about the console. */
import { MillraceError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/options.ts';
import { type Role, roles } from '../kernel/roles.ts';
import { Oidc } from '../server/access/oidc.ts';
import type { Users } from '../server/users.ts';
import type { ProcessSettings } from './configuration.ts';

/** As set, or because it is `millrace up`. */
export function wantsConsole(settings: ProcessSettings, byDefault: boolean): boolean {
  const enabled = settings.get<string>('console.enabled');
  return enabled === 'auto' ? byDefault : enabled === 'true';
}

/** Undefined: not set up. @throws MillraceError */
export function oidcOf(settings: ProcessSettings, users: Users): Oidc | undefined {
  const issuer = settings.get<string | undefined>('console.oidc.issuer');
  if (issuer === undefined) return undefined;
  const clientId = settings.get<string | undefined>('console.oidc.client_id');
  if (clientId === undefined)
    throw new MillraceError('ERR_SETTING', 'console.oidc.issuer needs console.oidc.client_id, too');
  const given = parseRoles(settings.get<string | undefined>('console.oidc.roles') ?? '');
  const defaultRole = settings.get<string>('console.oidc.default_role');
  return new Oidc(
    {
      issuer,
      clientId,
      clientSecret: settings.get<Secret | undefined>('console.oidc.client_secret')?.reveal(),
      title: settings.get<string>('console.oidc.title'),
      scopes: settings.get<string>('console.oidc.scopes'),
      publicUrl: settings.get<string | undefined>('console.public_url'),
      nameClaim: settings.get<string>('console.oidc.name_claim'),
      roleClaim: settings.get<string>('console.oidc.role_claim'),
      roles: given,
      defaultRole: isRole(defaultRole) ? defaultRole : undefined,
    },
    users,
  );
}

const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text);

/** `GROUP=ROLE; GROUP=ROLE`: a group may hold `=` and commas, as names of a directory do. @throws MillraceError */
function parseRoles(text: string): Record<string, Role> {
  const parsed: Record<string, Role> = {};
  for (const part of text.split(';').filter((one) => one.trim() !== '')) {
    const at = part.lastIndexOf('=');
    const [group, role] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    if (at < 1 || !isRole(role))
      throw new MillraceError(
        'ERR_SETTING',
        `console.oidc.roles: "${part.trim()}" is not GROUP=ROLE with a role of ${roles.join(', ')}`,
      );
    parsed[group] = role;
  }
  return parsed;
}
