-- additive
CREATE TABLE "order_halt" (
	"merchant_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"held_at" timestamp with time zone,
	"held_reason" text,
	"held_until" timestamp with time zone,
	"cancel_state" text,
	"cancel_reason" text,
	"cancel_tell" text,
	"cancel_asked_at" timestamp with time zone,
	"cancel_answered_at" timestamp with time zone,
	"cancel_tries" integer DEFAULT 0 NOT NULL,
	"halted" boolean GENERATED ALWAYS AS (held_at is not null or coalesce(cancel_state, '') in ('asked', 'telling', 'refused')) STORED NOT NULL,
	CONSTRAINT "order_halt_merchant_id_order_id_pk" PRIMARY KEY("merchant_id","order_id"),
	CONSTRAINT "halt_hold" CHECK (("order_halt"."held_at" is null) = ("order_halt"."held_reason" is null) and ("order_halt"."held_until" is null or "order_halt"."held_at" is not null)),
	CONSTRAINT "halt_cancel_state" CHECK ("order_halt"."cancel_state" in ('asked','telling','too_late','refused')),
	CONSTRAINT "halt_cancel_reason" CHECK ("order_halt"."cancel_reason" in ('out_of_stock','buyer_request','other')),
	CONSTRAINT "halt_cancel_tell" CHECK ("order_halt"."cancel_tell" in ('agreed','now'))
);
--> statement-breakpoint
-- A hold that ends by itself is due work like any other.
ALTER TABLE "effect" DROP CONSTRAINT "effect_kind";
--> statement-breakpoint
ALTER TABLE "effect" ADD CONSTRAINT "effect_kind" CHECK ("effect"."kind" in ('request','request_cancel','shipped','cancel','release'));
--> statement-breakpoint
ALTER TABLE order_halt ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE order_halt FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own ON order_halt TO hub_app USING (merchant_id = (select nullif(current_setting('hub.merchant_id', true), '')::uuid))
  WITH CHECK (merchant_id = (select nullif(current_setting('hub.merchant_id', true), '')::uuid));
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON order_halt TO hub_app;
--> statement-breakpoint
-- What we hold ourselves is on hold as what its channel holds. All else is as 0004 has it.
CREATE OR REPLACE VIEW order_stage AS
SELECT o.merchant_id, o.order_id,
  CASE
    WHEN o.cancelled_at IS NOT NULL OR (l.ordered > 0 AND l.wanted = 0 AND l.gone + c.shipped = 0) THEN 'cancelled'
    WHEN l.gone + c.shipped > 0 AND c.open = 0 AND l.unmapped = 0 THEN 'shipped'
    WHEN l.gone + c.shipped > 0 THEN 'partially_shipped'
    WHEN c.handed > 0 THEN 'in_fulfillment'
    WHEN o.hold IS NOT NULL OR f.stopped OR h.halted THEN 'on_hold'
    WHEN l.unmapped > 0 THEN 'unmapped'
    WHEN c.short > 0 THEN 'short'
    WHEN c.reserved > 0 THEN 'ready'
    ELSE 'received'
  END AS stage,
  l.wanted, l.unmapped, c.short, c.reserved, c.handed, c.shipped
FROM orders o
CROSS JOIN LATERAL (
  SELECT coalesce(sum(l.qty_ordered), 0)::int AS ordered, coalesce(sum(l.qty_ordered - l.qty_cancelled), 0)::int AS wanted,
    coalesce(sum(l.channel_shipped), 0)::int AS gone,
    coalesce(sum(greatest(l.qty_ordered - l.qty_cancelled - l.channel_shipped, 0)) FILTER (WHERE m.parts = 0), 0)::int AS unmapped
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
CROSS JOIN LATERAL (
  SELECT coalesce(bool_or(h.halted), false) AS halted FROM order_halt h
  WHERE h.merchant_id = o.merchant_id AND h.order_id = o.order_id
) h
WHERE o.merchant_id = nullif(current_setting('hub.merchant_id', true), '')::uuid;
--> statement-breakpoint
-- Replacing a view forgets its options.
DO $$
BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    EXECUTE 'ALTER VIEW order_stage SET (security_invoker = true)';
  END IF;
END $$;
