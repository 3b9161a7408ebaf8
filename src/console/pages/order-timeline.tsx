import type { TimelineEvent } from '../api/types.ts'
import { because, happened } from '../parts/happenings.ts'
import { Time } from '../parts/time.tsx'

/** What happened, newest first, each step with its cause. */
export function OrderTimeline({ events }: { readonly events: readonly TimelineEvent[] }) {
  return (
    <section className="card">
      <h2>Timeline</h2>
      <ol className="timeline">
        {events.toReversed().map((event) => (
          <li key={`${event.at} ${event.kind}`}>
            <p className="happening">
              <span>{happened(event)}</span>
              <span className="dim">
                <Time at={event.at} />
              </span>
            </p>
            <p className="sub" title={event.cause.id}>
              {because(event)}
            </p>
          </li>
        ))}
      </ol>
    </section>
  )
}
