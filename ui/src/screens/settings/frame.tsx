/** Settings: one's account, users, API keys, audit log. */
import { Box, Tabs, Title } from '@mantine/core';
import { IconHistory, IconKey, IconUserCircle, IconUsers } from '@tabler/icons-react';
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useMay } from '../../app/session.tsx';
import './settings.css';

const pages = [
  { to: '/settings/account', title: 'My account', icon: IconUserCircle, role: 'viewer' },
  { to: '/settings/keys', title: 'API keys', icon: IconKey, role: 'viewer' },
  { to: '/settings/users', title: 'Users', icon: IconUsers, role: 'administrator' },
  { to: '/settings/audit', title: 'Audit log', icon: IconHistory, role: 'administrator' },
] as const;

export function Settings() {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const mayAll = useMay('administrator');
  return (
    <Box className="settings">
      <Title order={1} size="h3" mb="sm">
        Settings
      </Title>
      <Tabs value={pathname} onChange={(to) => void navigate({ to: to! })} keepMounted={false} mb="md">
        <Tabs.List aria-label="Settings">
          {pages
            .filter(({ role }) => role === 'viewer' || mayAll)
            .map(({ to, title, icon: Icon }) => (
              <Tabs.Tab key={to} value={to} leftSection={<Icon size={16} aria-hidden />}>
                {title}
              </Tabs.Tab>
            ))}
        </Tabs.List>
        <Tabs.Panel value={pathname} pt="md">
          <Outlet />
        </Tabs.Panel>
      </Tabs>
    </Box>
  );
}
