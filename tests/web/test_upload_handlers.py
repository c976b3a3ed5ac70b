"""Files on their way in."""

import os

from django.test import RequestFactory
from django.test.client import MULTIPART_CONTENT

LARGE = b"x" * (3 * 1024 * 1024)  # past FILE_UPLOAD_MAX_MEMORY_SIZE


class TestNamelessFileUploadHandler:
    def test_a_large_file_has_no_name_on_the_disk(self, rf: RequestFactory):
        body = b'--BoUnDaRyStRiNg\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
        body += LARGE + b"\r\n--BoUnDaRyStRiNg--\r\n"
        request = rf.generic("POST", "/imports", body, content_type=MULTIPART_CONTENT)

        file = request.FILES["file"]

        assert (file.name, file.size, file.read() == LARGE) == ("a.zip", len(LARGE), True)
        assert os.fstat(file.fileno()).st_nlink == 0
        file.close()

    def test_a_small_one_never_touches_it(self, rf):
        body = b'--BoUnDaRyStRiNg\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\nPK\r\n--BoUnDaRyStRiNg--\r\n'
        request = rf.generic("POST", "/imports", body, content_type=MULTIPART_CONTENT)

        assert request.FILES["file"].read() == b"PK"
