/** The local users as the event store's API sees them. */
import type { Authenticator, StoreUser } from '../store/api/access.ts';
import { UserSignIn } from './user-sign-in.ts';
import type { User, Users } from './users.ts';

export function storeAuthenticator(users: Users, signIn: UserSignIn = new UserSignIn(users)): Authenticator {
  return {
    hasUsers: () => users.size > 0,
    signIn: async (name, password, address) => {
      const user = await signIn.signIn(name, password, address);
      // A password alone is not enough for who has a second factor: API keys are.
      return user?.totp ? undefined : asStoreUser(user);
    },
    find: (name) => asStoreUser(users.find(name)),
  };
}

function asStoreUser(user: User | undefined): StoreUser | undefined {
  if (!user) return undefined;
  const { name, role, created, indices, hiddenFields = [], filter = '' } = user;
  return {
    name,
    role,
    created: Date.parse(created),
    ...(indices !== undefined && { indices }),
    ...((hiddenFields.length > 0 || filter !== '') && { partial: true }),
  };
}
