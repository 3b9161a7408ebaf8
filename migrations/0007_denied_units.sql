-- additive
ALTER TABLE "inventory_level" DROP CONSTRAINT "level_law";--> statement-breakpoint
ALTER TABLE "inventory_level" ADD COLUMN "denied" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "inventory_level" ADD CONSTRAINT "level_law" CHECK ("inventory_level"."reserved" >= 0 and "inventory_level"."unavailable" >= 0 and "inventory_level"."denied" >= 0 and "inventory_level"."reserved" + "inventory_level"."unavailable" <= "inventory_level"."on_hand");