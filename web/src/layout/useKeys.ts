import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import type { Place } from './places.ts';

/** So long the second key after `g` is waited for. */
const SECOND_KEY_MS = 1500;

/** `/` to the search, `?` to the help, `g` and a letter to a page; never while somebody types. */
export function useKeys(places: readonly Place[], openHelp: () => void): void {
  const navigate = useNavigate();
  const latest = useRef({ places, openHelp });
  latest.current = { places, openHelp };
  useEffect(() => {
    let since = 0;
    const onKey = (event: KeyboardEvent): void => {
      const { key, target, ctrlKey, metaKey, altKey } = event;
      if (ctrlKey || metaKey || altKey || typing(target)) return;
      const { places, openHelp } = latest.current;
      if (Date.now() - since < SECOND_KEY_MS) {
        since = 0;
        const place = places.find((one) => one.key === key);
        if (place !== undefined) {
          event.preventDefault();
          void navigate({ to: place.to, search: place.search ?? {} });
        }
      } else if (key === 'g') since = Date.now();
      else if (key === '?') openHelp();
      else if (key === '/') {
        const search = document.querySelector<HTMLInputElement>('[data-search]');
        if (search !== null) {
          event.preventDefault();
          search.focus();
        }
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate]);
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
