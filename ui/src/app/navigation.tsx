/** What the menu offers; a screen appears here when it exists. */
import {
  IconDatabase,
  IconFileCode,
  IconMailX,
  IconPlugConnected,
  IconRoute,
  IconSearch,
  IconSettings,
  type TablerIcon,
} from '@tabler/icons-react';
import type { Role } from '../../../src/server/contract.ts';

export interface MenuEntry {
  readonly to: string;
  readonly title: string;
  readonly icon: TablerIcon;
  readonly role: Role;
}

export const menu: readonly MenuEntry[] = [
  { to: '/discover', title: 'Discover', icon: IconSearch, role: 'viewer' },
  { to: '/pipelines', title: 'Pipelines', icon: IconRoute, role: 'viewer' },
  { to: '/integrations', title: 'Sources and destinations', icon: IconPlugConnected, role: 'viewer' },
  { to: '/editor', title: 'Configs', icon: IconFileCode, role: 'viewer' },
  { to: '/dead-letters', title: 'Dead letters', icon: IconMailX, role: 'operator' },
  { to: '/storage', title: 'Storage', icon: IconDatabase, role: 'viewer' },
  { to: '/settings', title: 'Settings', icon: IconSettings, role: 'viewer' },
];
