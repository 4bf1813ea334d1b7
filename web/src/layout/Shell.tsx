import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  Menu,
  ScrollArea,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { viewsQuery } from '../api/queries.ts';
import { useSession, useSessionActions } from '../api/session.ts';
import { KeyboardHelp } from './KeyboardHelp.tsx';
import { explorePlaces, OPERATE, type Place } from './places.ts';
import { useKeys } from './useKeys.ts';

/** The frame around every page. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure();
  const [help, helpActions] = useDisclosure();
  const explore = explorePlaces(useQuery(viewsQuery).data ?? []);
  const { pathname } = useLocation();
  const main = useRef<HTMLDivElement>(null);
  useKeys([...OPERATE, ...explore], helpActions.open);
  // Another page begins at its top, for the eye and for the ear.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the address that matters
  useEffect(() => {
    close();
    window.scrollTo(0, 0);
  }, [pathname]);
  return (
    <>
      <button type="button" className="skip-link" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <AppShell
        header={{ height: 50 }}
        navbar={{ width: 230, breakpoint: 'sm', collapsed: { mobile: !opened } }}
        padding="md"
      >
        <AppShell.Header>
          <Group h="100%" px="md" justify="space-between">
            <Group gap="sm">
              <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
              <img src="./quarry.svg" width="26" height="26" alt="" />
              <Text fw={700}>Quarry</Text>
            </Group>
            <Group gap="xs">
              <ActionIcon variant="subtle" aria-label="Keyboard shortcuts" onClick={helpActions.open}>
                ?
              </ActionIcon>
              <SchemeToggle />
              <UserMenu />
            </Group>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="xs" component="nav" aria-label="Pages">
          <ScrollArea type="hover" scrollbarSize={6} offsetScrollbars="y">
            <Places title="Operate" places={OPERATE} />
            <Places title="Explore" places={explore} />
          </ScrollArea>
        </AppShell.Navbar>
        <AppShell.Main id="main" ref={main} tabIndex={-1}>
          <Outlet />
        </AppShell.Main>
      </AppShell>
      <KeyboardHelp opened={help} onClose={helpActions.close} places={[...OPERATE, ...explore]} />
    </>
  );
}

function Places({ title, places }: { title: string; places: readonly Place[] }) {
  return (
    <>
      <div className="nav-title">{title}</div>
      {places.map(({ title: name, to, search }) => (
        <Link
          key={name}
          to={to}
          search={search ?? {}}
          className="nav-link"
          activeOptions={{
            exact: to === '/' || search !== undefined || to === '/verify',
            includeSearch: to === '/verify',
          }}
        >
          {name}
        </Link>
      ))}
    </>
  );
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <ActionIcon
      variant="subtle"
      aria-label={`Use the ${other} colours`}
      title={`Use the ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="7" fill="none" stroke="currentColor" strokeWidth="1.5" />
        <path d="M8 1a7 7 0 0 1 0 14z" fill="currentColor" />
      </svg>
    </ActionIcon>
  );
}

function UserMenu() {
  const session = useSession();
  const { signOut } = useSessionActions();
  if (session === null || session === undefined) return null;
  const { login, role } = session.user;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <button type="button" className="row-open">
          {login}
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Signed in as {role}</Menu.Label>
        <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
