-- additive
ALTER TABLE "api_key" ADD COLUMN "last_used_at" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "audit_entry" ADD COLUMN "changes" jsonb;
--> statement-breakpoint
ALTER TABLE "membership" ADD COLUMN "seen_at" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "merchant" ADD COLUMN "currency" text;
--> statement-breakpoint
CREATE TABLE "hub_process" (
	"process_id" uuid PRIMARY KEY NOT NULL,
	"role" text NOT NULL,
	"version" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"draining" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
-- Of the installation, not of a merchant: kept and read through the claim door alone.
ALTER TABLE "hub_process" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "hub_process" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY job ON "hub_process" TO hub_job USING (true) WITH CHECK (true);
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON "hub_process" TO hub_job;
--> statement-breakpoint
GRANT SELECT (last_used_at) ON api_key TO hub_account;
