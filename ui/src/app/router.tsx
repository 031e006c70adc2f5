/** The screens and their addresses. The whole state of a screen stands in the URL, so that a link is a bookmark. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { deadLetterSearch } from '../screens/dead-letters/search.ts';
import { discoverSearch } from '../screens/discover/search-state.ts';
import { editorSearch } from '../screens/editor/search.ts';
import {
  integrationSearch,
  integrationsSearch,
  newIntegrationSearch,
} from '../screens/integrations/search.ts';
import { pipelineSearch } from '../screens/pipelines/search.ts';
import { auditSearch } from '../screens/settings/search.ts';
import { storageSearch } from '../screens/storage/search.ts';
import { NotFound } from './not-found.tsx';
import { Shell } from './shell.tsx';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/discover' });
  },
});

const discover = createRoute({
  getParentRoute: () => root,
  path: '/discover',
  validateSearch: discoverSearch,
  component: lazyRouteComponent(() => import('../screens/discover/discover.tsx'), 'Discover'),
});

const pipelines = createRoute({
  getParentRoute: () => root,
  path: '/pipelines',
  component: lazyRouteComponent(() => import('../screens/pipelines/list.tsx'), 'Pipelines'),
});

const pipeline = createRoute({
  getParentRoute: () => root,
  path: '/pipelines/$id',
  validateSearch: pipelineSearch,
  component: lazyRouteComponent(() => import('../screens/pipelines/pipeline.tsx'), 'Pipeline'),
});

const editor = createRoute({
  getParentRoute: () => root,
  path: '/editor',
  validateSearch: editorSearch,
  component: lazyRouteComponent(() => import('../screens/editor/editor.tsx'), 'Editor'),
});

const integrations = createRoute({
  getParentRoute: () => root,
  path: '/integrations',
  validateSearch: integrationsSearch,
  component: lazyRouteComponent(() => import('../screens/integrations/list.tsx'), 'Integrations'),
});

const newIntegration = createRoute({
  getParentRoute: () => root,
  path: '/integrations/new',
  validateSearch: newIntegrationSearch,
  component: lazyRouteComponent(() => import('../screens/integrations/new.tsx'), 'NewIntegration'),
});

const addIntegration = createRoute({
  getParentRoute: () => root,
  path: '/integrations/new/$card',
  component: lazyRouteComponent(() => import('../screens/integrations/add.tsx'), 'AddIntegration'),
});

const integration = createRoute({
  getParentRoute: () => root,
  path: '/integrations/$id',
  validateSearch: integrationSearch,
  component: lazyRouteComponent(() => import('../screens/integrations/detail.tsx'), 'Integration'),
});

const deadLetters = createRoute({
  getParentRoute: () => root,
  path: '/dead-letters',
  validateSearch: deadLetterSearch,
  component: lazyRouteComponent(() => import('../screens/dead-letters/dead-letters.tsx'), 'DeadLetters'),
});

const storage = createRoute({
  getParentRoute: () => root,
  path: '/storage',
  validateSearch: storageSearch,
  component: lazyRouteComponent(() => import('../screens/storage/storage.tsx'), 'StorageScreen'),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('../screens/settings/frame.tsx'), 'Settings'),
});

const settingsHome = createRoute({
  getParentRoute: () => settings,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/settings/account' });
  },
});

const account = createRoute({
  getParentRoute: () => settings,
  path: '/account',
  component: lazyRouteComponent(() => import('../screens/settings/account.tsx'), 'Account'),
});

const users = createRoute({
  getParentRoute: () => settings,
  path: '/users',
  component: lazyRouteComponent(() => import('../screens/settings/users.tsx'), 'Users'),
});

const keys = createRoute({
  getParentRoute: () => settings,
  path: '/keys',
  component: lazyRouteComponent(() => import('../screens/settings/keys.tsx'), 'Keys'),
});

const audit = createRoute({
  getParentRoute: () => settings,
  path: '/audit',
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('../screens/settings/audit.tsx'), 'Audit'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    discover,
    pipelines,
    pipeline,
    editor,
    integrations,
    newIntegration,
    addIntegration,
    integration,
    deadLetters,
    storage,
    settings.addChildren([settingsHome, account, users, keys, audit]),
  ]),
  defaultPreload: 'intent',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
