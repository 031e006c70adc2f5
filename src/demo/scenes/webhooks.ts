/** What services in the cloud report over HTTP. One partner forgets a field: those end as dead letters. */
import { desktops, visitorAddress } from '../cast.ts';
import { type Delivery, type Scene, times, webhook } from '../delivery.ts';
import type { Random } from '../random.ts';

export const webhooks: Scene = {
  name: 'webhooks',
  play(minute, busy, random) {
    const played: Delivery[] = [];
    for (const at of times(minute, 9 * busy, random)) played.push(cloudAudit(at, random));
    for (const at of times(minute, 4 * busy, random))
      played.push(attackReport(at, random, visitorAddress(random.between(0, 400)), 'bot', 1));
    if (minute % 4 === 0) played.push(forgetful(minute * 60_000 + random.between(0, 59_999), random));
    return played;
  },
};

function cloudAudit(at: number, random: Random): Delivery {
  const { user, ip } = random.pick(desktops);
  const action = random.pick([
    'file.download',
    'file.share',
    'user.login',
    'repo.push',
    'token.create',
    'role.assume',
  ]);
  return webhook(at, {
    tenant: 'cloud-suite',
    event: { kind: 'event', category: ['web'], action, outcome: random.chance(0.96) ? 'success' : 'failure' },
    user: { name: user, email: `${user}@northwind.example` },
    source: { ip },
    message: `${user} did ${action}`,
  });
}

/** A report of the web application firewall: one message with several attacks in it. */
export function attackReport(
  at: number,
  random: Random,
  from: string,
  kind: string,
  attacks: number,
): Delivery {
  return webhook(at, {
    tenant: 'waf',
    event: {
      kind: attacks > 1 ? 'alert' : 'event',
      category: ['intrusion_detection'],
      severity: attacks > 1 ? 73 : 21,
    },
    source: { ip: from },
    message: `${attacks} attacks of type ${kind} from ${from} blocked`,
    attacks: Array.from({ length: attacks }, () => ({
      id: random.text(12, '0123456789abcdef'),
      type: kind,
      path: random.pick(['/search', '/api/login', '/products/kettle']),
      blocked: true,
    })),
  });
}

function forgetful(at: number, random: Random): Delivery {
  const parcel = `NW-${random.between(100_000, 999_999)}`;
  return webhook(at, {
    event: { kind: 'event', category: ['web'], action: 'parcel.delivered' },
    partner: 'fast-parcel',
    message: `parcel ${parcel} delivered`,
    parcel,
  });
}
