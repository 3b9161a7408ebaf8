-- additive
CREATE TABLE "api_request" (
	"merchant_id" uuid NOT NULL,
	"request_id" uuid NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"reason" text,
	"replay_key" text,
	"fingerprint" "bytea",
	"answer" jsonb,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_request_merchant_id_request_id_pk" PRIMARY KEY("merchant_id","request_id")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "api_request_once" ON "api_request" USING btree ("merchant_id","replay_key") WHERE "api_request"."replay_key" is not null;
--> statement-breakpoint
CREATE INDEX "api_request_replayable" ON "api_request" USING btree ("merchant_id","at") WHERE "api_request"."replay_key" is not null;
--> statement-breakpoint
-- Open exceptions are few among many: the page that a person looks at first must not walk the settled ones.
CREATE INDEX exception_open_page ON exception (merchant_id, raised_at DESC NULLS LAST, exception_id DESC NULLS LAST) WHERE resolved_at IS NULL;
--> statement-breakpoint
ALTER TABLE api_request ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE api_request FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own ON api_request TO hub_app USING (merchant_id = nullif(current_setting('hub.merchant_id', true), '')::uuid)
  WITH CHECK (merchant_id = nullif(current_setting('hub.merchant_id', true), '')::uuid);
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON api_request TO hub_app;
--> statement-breakpoint
-- The one place that says in which stage an order is: computed from facts, never stored. Each order has exactly one.
-- Aggregates, not EXISTS: the planner must not turn a look at one order into a walk over all of the merchant's.
-- The merchant is named here too, since before PostgreSQL 15 a view looks with its owner's eyes.
CREATE VIEW order_stage AS
SELECT o.merchant_id, o.order_id,
  CASE
    WHEN o.cancelled_at IS NOT NULL OR (l.ordered > 0 AND l.wanted = 0 AND c.shipped = 0) THEN 'cancelled'
    WHEN c.shipped > 0 AND c.open = 0 AND l.unmapped = 0 THEN 'shipped'
    WHEN c.shipped > 0 THEN 'partially_shipped'
    WHEN c.handed > 0 THEN 'in_fulfillment'
    WHEN o.hold IS NOT NULL OR f.stopped THEN 'on_hold'
    WHEN l.unmapped > 0 THEN 'unmapped'
    WHEN c.short > 0 THEN 'short'
    WHEN c.reserved > 0 THEN 'ready'
    ELSE 'received'
  END AS stage,
  l.wanted, l.unmapped, c.short, c.reserved, c.handed, c.shipped
FROM orders o
CROSS JOIN LATERAL (
  SELECT coalesce(sum(l.qty_ordered), 0)::int AS ordered, coalesce(sum(l.qty_ordered - l.qty_cancelled), 0)::int AS wanted,
    coalesce(sum(l.qty_ordered - l.qty_cancelled) FILTER (WHERE m.parts = 0), 0)::int AS unmapped
  FROM order_line l
  CROSS JOIN LATERAL (SELECT count(*) AS parts FROM order_line_component c
    WHERE c.merchant_id = l.merchant_id AND c.order_id = l.order_id AND c.line_id = l.line_id) m
  WHERE l.merchant_id = o.merchant_id AND l.order_id = o.order_id AND l.physical
) l
CROSS JOIN LATERAL (
  SELECT coalesce(sum(c.short), 0)::int AS short, coalesce(sum(greatest(c.need - coalesce(r.consumed, 0), 0)), 0)::int AS open,
    coalesce(sum(r.reserved), 0)::int AS reserved, coalesce(sum(r.handed), 0)::int AS handed, coalesce(sum(r.consumed), 0)::int AS shipped
  FROM order_line_component c
  LEFT JOIN LATERAL (
    SELECT sum(r.reserved) AS reserved, sum(r.handed) AS handed, sum(r.consumed) AS consumed FROM reservation r
    WHERE r.merchant_id = c.merchant_id AND r.order_id = c.order_id AND r.line_id = c.line_id AND r.item_id = c.item_id
  ) r ON true
  WHERE c.merchant_id = o.merchant_id AND c.order_id = o.order_id
) c
CROSS JOIN LATERAL (
  SELECT coalesce(bool_or(f.status = 'incomplete'), false) AS stopped FROM fulfillment_order f
  WHERE f.merchant_id = o.merchant_id AND f.order_id = o.order_id
) f
WHERE o.merchant_id = nullif(current_setting('hub.merchant_id', true), '')::uuid;
--> statement-breakpoint
DO $$
DECLARE t text;
BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    EXECUTE 'ALTER VIEW order_stage SET (security_invoker = true)';
  ELSE
    FOREACH t IN ARRAY ARRAY['orders', 'order_line', 'order_line_component', 'reservation', 'fulfillment_order'] LOOP
      EXECUTE format('CREATE POLICY view ON %I FOR SELECT TO CURRENT_USER
        USING (merchant_id = nullif(current_setting(''hub.merchant_id'', true), '''')::uuid)', t);
    END LOOP;
  END IF;
END $$;
--> statement-breakpoint
GRANT SELECT ON order_stage TO hub_app;
