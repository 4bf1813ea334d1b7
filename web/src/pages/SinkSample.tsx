import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client.ts';
import { Empty } from '../parts/Empty.tsx';
import { Loaded } from '../parts/Loaded.tsx';
import { TextBlock } from '../parts/TextBlock.tsx';

/** The last payload of a sink as it was sent. */
export function Sample({ sink }: { sink: string }) {
  const query = useQuery({
    queryKey: ['sample', sink],
    queryFn: () => get<Readonly<Record<string, unknown>> | null>(`/sinks/${encodeURIComponent(sink)}/sample`),
    retry: false,
  });
  return (
    <Loaded query={query}>
      {(said) => {
        const payload = said?.['payload'] ?? said?.['text'] ?? said;
        if (payload === null || payload === undefined)
          return <Empty title="Nothing was sent yet">The sample appears with the first event.</Empty>;
        return <TextBlock label={`Sample of ${sink}`} value={payload} />;
      }}
    </Loaded>
  );
}
