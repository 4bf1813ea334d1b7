import { Link } from '@tanstack/react-router';
import { Empty } from '../parts/Empty.tsx';

export function NotFound() {
  return (
    <Empty title="There is no such page">
      The address may be from another version. <Link to="/">The overview</Link> leads everywhere.
    </Empty>
  );
}
