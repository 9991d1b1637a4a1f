from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from bazaar_shared.inbox import INBOX_DDL
from bazaar_shared.outbox import OUTBOX_DDL
from basket.models import ChangeKind, Status
from json import dumps, loads
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Basket',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('shopper_id', fields.UUIDField(null=True)),
                ('token_hash', fields.BinaryField(null=True)),
                ('status', fields.CharEnumField(description='OPEN: open\nCHECKED_OUT: checked_out\nMERGED: merged\nEXPIRED: expired', enum_type=Status, max_length=16)),
                ('currency', fields.CharField(max_length=3)),
                ('version', fields.BigIntField()),
                ('order_id', fields.UUIDField(null=True)),
                ('merged_into', fields.ForeignKeyField('basket.Basket', source_field='merged_into_id', null=True, db_index=True, db_constraint=True, to_field='id', related_name='merged', on_delete=OnDelete.SET_NULL)),
                ('left_out', fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('touched_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={'table': 'basket', 'app': 'basket', 'indexes': [PartialIndex(fields=['shopper_id', 'touched_at'], name='basket_open_idle', condition={'status': 'open'}), Index(fields=['status', 'updated_at'], name='basket_ended')], 'pk_attr': 'id', 'table_description': "A guest's (`token_hash`) or a member's (`shopper_id`). Changed by `baskets.record` only."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='BasketChange',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('basket', fields.ForeignKeyField('basket.Basket', source_field='basket_id', db_constraint=True, to_field='id', related_name='changes', on_delete=OnDelete.CASCADE)),
                ('version', fields.BigIntField()),
                ('kind', fields.CharEnumField(description='ADDED: added\nREMOVED: removed\nQUANTITY_CHANGED: quantity_changed\nPRICE_CHANGED: price_changed\nUNAVAILABLE: unavailable\nAVAILABLE: available', enum_type=ChangeKind, max_length=20)),
                ('product_id', fields.UUIDField()),
                ('name', fields.TextField(unique=False)),
                ('was', fields.BigIntField(null=True)),
                ('now', fields.BigIntField(null=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={'table': 'basket_change', 'app': 'basket', 'indexes': [Index(fields=['basket_id', 'version'], name='change_of_basket'), Index(fields=['at'], name='change_at')], 'pk_attr': 'id', 'table_description': 'What happened to a basket, for `?since=`; forgotten after a while.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Product',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('seller_id', fields.UUIDField()),
                ('seller_slug', fields.TextField(unique=False)),
                ('name', fields.TextField(unique=False)),
                ('category', fields.TextField(unique=False)),
                ('picture_url', fields.TextField(null=True, unique=False)),
                ('price_minor', fields.BigIntField()),
                ('currency', fields.CharField(max_length=3)),
                ('tax_rate_bp', fields.IntField()),
                ('status', fields.TextField(unique=False)),
                ('version', fields.BigIntField()),
            ],
            options={'table': 'product', 'app': 'basket', 'pk_attr': 'id', 'table_description': 'The read model of the catalog: one row a product, guarded by its version. Rows are never deleted.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='BasketLine',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('basket', fields.ForeignKeyField('basket.Basket', source_field='basket_id', db_constraint=True, to_field='id', related_name='lines', on_delete=OnDelete.CASCADE)),
                ('product', fields.ForeignKeyField('basket.Product', source_field='product_id', db_index=True, db_constraint=True, to_field='id', related_name='lines', on_delete=OnDelete.RESTRICT)),
                ('quantity', fields.SmallIntField()),
                ('added_price_minor', fields.BigIntField()),
            ],
            options={'table': 'basket_line', 'app': 'basket', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Purchase',
            fields=[
                ('order_id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('basket', fields.ForeignKeyField('basket.Basket', source_field='basket_id', db_index=True, db_constraint=True, to_field='id', related_name='purchases', on_delete=OnDelete.CASCADE)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
            ],
            options={'table': 'purchase', 'app': 'basket', 'pk_attr': 'order_id', 'table_description': 'An order that a basket was told of.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Stock',
            fields=[
                ('product_id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('available', fields.BigIntField()),
                ('version', fields.BigIntField()),
            ],
            options={'table': 'stock', 'app': 'basket', 'pk_attr': 'product_id', 'table_description': 'The read model of the inventory.'},
            bases=['Model'],
        ),
        # Tortoise 1.1 leaves a new model's `constraints` out of its CREATE TABLE, without a word
        ops.AddConstraint('Basket', UniqueConstraint(fields=('shopper_id',), name='one_open_basket', condition="status = 'open'")),
        ops.AddConstraint('Basket', CheckConstraint(check='(shopper_id is null) <> (token_hash is null)', name='of_a_guest_or_a_member')),
        ops.AddConstraint('Basket', CheckConstraint(check='version >= 1', name='version_from_one')),
        ops.AddConstraint('BasketLine', UniqueConstraint(fields=('basket_id', 'product_id'), name='one_line_a_product')),
        ops.AddConstraint('BasketLine', CheckConstraint(check='quantity between 1 and 99', name='quantity_1_to_99')),
        # exactly as the shared library's relay and inbox expect them
        ops.RunSQL(OUTBOX_DDL, "drop table outbox"),
        ops.RunSQL(INBOX_DDL, "drop table inbox"),
    ]
