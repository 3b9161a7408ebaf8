-- additive
CREATE TABLE "backfill" (
	"merchant_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"orders" integer DEFAULT 0 NOT NULL,
	"listings" integer DEFAULT 0 NOT NULL,
	"up_to" timestamp with time zone,
	"orders_page" text,
	"orders_done_at" timestamp with time zone,
	"listings_page" text,
	"listings_done_at" timestamp with time zone,
	"error" text,
	CONSTRAINT "backfill_merchant_id_connection_id_pk" PRIMARY KEY("merchant_id","connection_id")
);
--> statement-breakpoint
CREATE TABLE "connection_day" (
	"merchant_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"day" date NOT NULL,
	"arrivals" integer NOT NULL,
	"gap_max_s" integer NOT NULL,
	CONSTRAINT "connection_day_merchant_id_connection_id_day_pk" PRIMARY KEY("merchant_id","connection_id","day")
);
--> statement-breakpoint
CREATE TABLE "connection_evidence" (
	"merchant_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"webhooks_found" text,
	"webhooks_checked_at" timestamp with time zone,
	"webhooks_well_at" timestamp with time zone,
	"webhooks_repaired_at" timestamp with time zone,
	"webhooks_problems" text[] DEFAULT '{}' NOT NULL,
	"missing_scopes" text[] DEFAULT '{}' NOT NULL,
	"login_expires_at" timestamp with time zone,
	"budget_left" double precision,
	"budget_per_second" double precision,
	"budget_at" timestamp with time zone,
	"lags_ms" integer[] DEFAULT '{}' NOT NULL,
	"lag_at" timestamp with time zone,
	CONSTRAINT "connection_evidence_merchant_id_connection_id_pk" PRIMARY KEY("merchant_id","connection_id"),
	CONSTRAINT "webhooks_found" CHECK ("connection_evidence"."webhooks_found" in ('healthy','missing','disabled','wrong_address'))
);
--> statement-breakpoint
ALTER TABLE "connection" DROP CONSTRAINT "connection_write_mode";--> statement-breakpoint
ALTER TABLE "connection" ADD COLUMN "canary_skus" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
-- What is connected by now, or is being connected by an older version, hands over all that it takes in.
ALTER TABLE "connection" ADD COLUMN "hands_over_from" timestamp with time zone DEFAULT '-infinity';--> statement-breakpoint
ALTER TABLE "listing_push" ADD COLUMN "shown_qty" integer;--> statement-breakpoint
ALTER TABLE "listing_push" ADD COLUMN "shown_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "watched" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "orders_watched" ON "orders" USING btree ("merchant_id","connection_id","placed_at" DESC NULLS LAST,"order_id" DESC NULLS LAST) WHERE "orders"."watched";--> statement-breakpoint
ALTER TABLE "connection" ADD CONSTRAINT "connection_write_mode" CHECK ("connection"."write_mode" in ('off','shadow','canary','on'));
--> statement-breakpoint
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['backfill', 'connection_day', 'connection_evidence'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY own ON %I TO hub_app USING (merchant_id = (SELECT nullif(current_setting(''hub.merchant_id'', true), '''')::uuid))
      WITH CHECK (merchant_id = (SELECT nullif(current_setting(''hub.merchant_id'', true), '''')::uuid))', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO hub_app', t);
  END LOOP;
END $$;
