import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type * as T from './types.ts';

/** How often what changes by itself is asked for again, milliseconds. */
const LIVE_MS = 5000;
const live = { refetchInterval: LIVE_MS };
const still = { staleTime: 600_000 };

/** A list as an array: routes answer pages, short catalogues may answer the array itself. */
export const itemsOf = <Item>(said: T.Page<Item> | readonly Item[]): readonly Item[] =>
  'items' in said ? said.items : said;
const list = async <Item>(path: string, params?: Parameters<typeof get>[1], signal?: AbortSignal) =>
  itemsOf(await get<T.Page<Item> | readonly Item[]>(path, params, signal));

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: () => get<T.Overview>('/overview'),
  ...live,
});
export const connectionsQuery = queryOptions({
  queryKey: ['connections'],
  queryFn: () => list<T.Connection>('/connections', { limit: 1000 }),
  ...live,
});
export const connectionQuery = (id: string) =>
  queryOptions({ queryKey: ['connections', id], queryFn: () => get<T.Connection>(`/connections/${id}`), ...live });
export const platformsQuery = queryOptions({
  queryKey: ['platforms'],
  queryFn: () => list<T.Platform>('/platforms'),
  ...still,
});
export const datasetsQuery = queryOptions({
  queryKey: ['datasets'],
  queryFn: () => list<T.Dataset>('/datasets'),
  ...still,
});
export const presetsQuery = queryOptions({
  queryKey: ['presets'],
  queryFn: () => list<T.Preset>('/presets'),
  ...still,
});
export const streamsQuery = (connection: string) =>
  queryOptions({
    queryKey: ['streams', connection],
    queryFn: () => list<T.Stream>(`/connections/${connection}/streams`, { limit: 1000 }),
    ...live,
  });
/** Of one connection, or of all; counted from every stream, so asked for less often. */
export const completenessQuery = (connection?: string) =>
  queryOptions({
    queryKey: ['completeness', connection],
    queryFn: () => list<T.Coverage>('/completeness', { connection, limit: 1000 }),
    refetchInterval: 6 * LIVE_MS,
  });
export const workersQuery = queryOptions({ queryKey: ['workers'], queryFn: () => get<T.Workers>('/workers'), ...live });
export const sinksQuery = queryOptions({ queryKey: ['sinks'], queryFn: () => list<T.Sink>('/sinks'), ...live });

export const pullsQuery = (params: { connection?: string; dataset?: string; status?: string; limit?: number }) =>
  infiniteQueryOptions({
    queryKey: ['pulls', params],
    initialPageParam: '',
    queryFn: ({ pageParam }) => get<T.ListPage<T.Pull>>('/pulls', { limit: 50, ...params, cursor: pageParam }),
    getNextPageParam: (page) => page.next_cursor,
    ...live,
  });

export const viewsQuery = queryOptions({
  queryKey: ['views'],
  queryFn: () => list<T.View>('/inventory/views'),
  ...still,
});
export const savedQueriesQuery = queryOptions({
  queryKey: ['saved-queries'],
  queryFn: () => list<T.SavedQuery>('/saved-queries', { limit: 1000 }),
});
export const rowsQuery = (view: string, params: { filter?: string; sort?: string; fields?: string }) =>
  infiniteQueryOptions({
    queryKey: ['rows', view, params],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      get<T.Page<T.Row>>(`/inventory/${view}`, { ...params, limit: 200, cursor: pageParam }, signal),
    getNextPageParam: (page) => page.next_cursor,
  });
export const facetsQuery = (view: string, filter: string, by: string) =>
  queryOptions({
    queryKey: ['facets', view, filter, by],
    queryFn: ({ signal }) => get<T.Facets>(`/inventory/${view}/facets`, { filter, by }, signal),
    staleTime: 30_000,
  });
export const countQuery = (view: string, filter: string) =>
  queryOptions({
    queryKey: ['count', view, filter],
    queryFn: async ({ signal }) => {
      const said = await get<{ count: number } | number>(`/inventory/${view}/count`, { filter }, signal);
      return typeof said === 'number' ? said : said.count;
    },
    staleTime: 30_000,
  });
