import django.db.models.deletion
from django.db import migrations, models

import hirocrm.core.ids

# A ZIP is packed already: PostgreSQL needn't try again, and can then read a part of a piece without the rest.
# A gigabyte leaves with an upload, in few rows: the vacuum gives its space back soon, not when a fifth of the table is gone.
STORE = [
    "ALTER TABLE sync_archivepiece ALTER COLUMN content SET STORAGE EXTERNAL",
    "ALTER TABLE sync_archivepiece SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1,"
    " toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 1000)",
]


class Migration(migrations.Migration):

    dependencies = [
        ('organizations', '0002_request_window'),
        ('sync', '0003_missed_conversations'),
    ]

    operations = [
        migrations.CreateModel(
            name='ArchiveUpload',
            fields=[
                ('id', models.UUIDField(default=hirocrm.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=255)),
                ('size', models.PositiveBigIntegerField()),
                ('created_at', models.DateTimeField()),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
        ),
        migrations.CreateModel(
            name='ArchivePiece',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
                ('upload', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sync.archiveupload')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization', 'upload', 'number'), name='one_archive_piece_each')],
            },
        ),
        migrations.RunSQL(STORE, migrations.RunSQL.noop),
    ]
