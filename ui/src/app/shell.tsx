/** The frame around every screen: menu, who is signed in, light or dark. */
import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  Menu,
  NavLink,
  Text,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { IconLogout, IconMoon, IconSettings, IconSun, IconUserCircle } from '@tabler/icons-react';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useEffect } from 'react';
import { call } from '../lib/api.ts';
import { DemoNote } from './demo-note.tsx';
import { HealthDot } from './health-dot.tsx';
import { menu } from './navigation.tsx';
import { useMay, useSession, useTakeSession } from './session.tsx';

const WIDE = 60;

export function Shell() {
  const [opened, { toggle, close }] = useDisclosure(false);
  const narrow = useMediaQuery('(max-width: 48em)') ?? false;
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes when the screen changes
  useEffect(close, [pathname, close]);
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: narrow ? 240 : WIDE, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={0}
    >
      <AppShell.Header>
        <a
          href="#main"
          style={{ position: 'absolute', left: -9999 }}
          onFocus={({ currentTarget }) => {
            currentTarget.style.left = '8px';
          }}
          onBlur={({ currentTarget }) => {
            currentTarget.style.left = '-9999px';
          }}
        >
          Skip to content
        </a>
        <Group h="100%" px="sm" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" />
            <img src="/favicon.svg" alt="" width={26} height={26} />
            <Text fw={650}>Millrace</Text>
          </Group>
          <DemoNote />
          <Group gap="xs" wrap="nowrap">
            <HealthDot />
            <ColourScheme />
            <UserMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p={6} aria-label="Screens" component="nav">
        {menu.map((entry) => (
          <Entry key={entry.to} entry={entry} compact={!narrow} active={pathname.startsWith(entry.to)} />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

function Entry({
  entry: { to, title, icon: Icon, role },
  compact,
  active,
}: {
  readonly entry: (typeof menu)[number];
  readonly compact: boolean;
  readonly active: boolean;
}) {
  if (!useMay(role)) return null;
  const link = (
    <NavLink
      component={Link}
      to={to}
      active={active}
      aria-current={active ? 'page' : undefined}
      aria-label={title}
      leftSection={<Icon size={22} stroke={1.6} aria-hidden />}
      {...(!compact && { label: title })}
      styles={
        compact
          ? { section: { marginInlineEnd: 0 }, root: { justifyContent: 'center', borderRadius: 6 } }
          : {}
      }
    />
  );
  return compact ? (
    <Tooltip label={title} position="right">
      {link}
    </Tooltip>
  ) : (
    link
  );
}

function ColourScheme() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const label = dark ? 'Light colours' : 'Dark colours';
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={label}
        onClick={() => setColorScheme(dark ? 'light' : 'dark')}
      >
        {dark ? <IconSun size={20} aria-hidden /> : <IconMoon size={20} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}

function UserMenu() {
  const { user, version } = useSession();
  const take = useTakeSession();
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton aria-label={`Signed in as ${user.name}`}>
          <Group gap={6} wrap="nowrap">
            <IconUserCircle size={24} stroke={1.5} aria-hidden />
            <Text size="sm" visibleFrom="sm">
              {user.name}
            </Text>
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {user.name}, {user.role}
        </Menu.Label>
        <Menu.Item
          component={Link}
          to="/settings/account"
          leftSection={<IconSettings size={16} aria-hidden />}
        >
          My account
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLogout size={16} aria-hidden />}
          onClick={() => void call('DELETE /api/session').then(take)}
        >
          Sign out
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>Millrace {version}</Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}
