-- additive
CREATE TABLE "audit_entry" (
	"merchant_id" uuid NOT NULL,
	"entry_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"actor" text NOT NULL,
	"client" text NOT NULL,
	"act" text NOT NULL,
	"targets" text[] NOT NULL,
	"prev_hash" "bytea" NOT NULL,
	"hash" "bytea" NOT NULL,
	CONSTRAINT "audit_entry_merchant_id_seq_pk" PRIMARY KEY("merchant_id","seq")
);
--> statement-breakpoint
CREATE INDEX "audit_entry_at" ON "audit_entry" USING btree ("merchant_id","at");
--> statement-breakpoint
ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY own ON audit_entry TO hub_app USING (merchant_id = (select nullif(current_setting('hub.merchant_id', true), '')::uuid))
  WITH CHECK (merchant_id = (select nullif(current_setting('hub.merchant_id', true), '')::uuid));
--> statement-breakpoint
-- Who may change it could rewrite it from any entry on, and every hash would fit again.
GRANT SELECT, INSERT ON audit_entry TO hub_app;
