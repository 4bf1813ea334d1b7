import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { ApiError, get, rememberCsrf, write } from './client.ts';
import type { Role, Session, WaysToSignIn } from './types.ts';

/** Who is signed in; null for nobody. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: Number.POSITIVE_INFINITY,
  retry: false,
  queryFn: async (): Promise<Session | null> => {
    try {
      return remember(await get<Session>('/session'));
    } catch (error) {
      if (error instanceof ApiError && error.problem.status === 401) return remember(null);
      throw error;
    }
  },
});

/** How people may sign in besides with a password. */
export const waysQuery = queryOptions({
  queryKey: ['ways'],
  queryFn: () => get<WaysToSignIn>('/session/ways'),
});

function remember<T extends Session | null>(session: T): T {
  rememberCsrf(session?.csrf_token);
  return session;
}

export const useSession = (): Session | null | undefined => useQuery(sessionQuery).data;

const RANK: readonly Role[] = ['viewer', 'operator', 'admin'];
/** Whether who is signed in may do what needs this role. */
export function useMay(role: Role): boolean {
  const session = useSession();
  return session !== null && session !== undefined && RANK.indexOf(session.user.role) >= RANK.indexOf(role);
}

export interface SessionActions {
  signIn(login: string, password: string): Promise<void>;
  first(token: string, login?: string, password?: string): Promise<void>;
  signOut(): Promise<void>;
}

export function useSessionActions(): SessionActions {
  const client = useQueryClient();
  const opened = (session: Session | null): void => {
    client.setQueryData(sessionQuery.queryKey, remember(session));
  };
  return {
    signIn: async (login, password) => opened(await write<Session>('POST', '/session', { login, password })),
    first: async (token, login, password) =>
      opened(
        await write<Session>('POST', '/session/first', {
          token,
          ...(login === undefined ? {} : { login }),
          ...(password === undefined ? {} : { password }),
        }),
      ),
    signOut: async () => {
      await write('DELETE', '/session');
      opened(null);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
    },
  };
}
