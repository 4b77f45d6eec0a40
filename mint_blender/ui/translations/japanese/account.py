# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a job is, and the file it is kept in."""

from __future__ import annotations

TEXTS = {
    "Check the folder and the free space on its disk, or set MINT_BLENDER_HOME.": (
        "フォルダーとディスクの空きを確認するか、MINT_BLENDER_HOME を設定してください。"
    ),
    "The disk is full. Free some space, then try again.": "ディスクがいっぱいです。空きを作ってから、もう一度お試しください。",
    "Another program is using it: close that one, or try again in a moment.": (
        "別のプログラムが使用中です。そのプログラムを閉じるか、少し待ってからもう一度お試しください。"
    ),
    "It is damaged or not a journal. Do not delete it: move it to another folder, or set MINT_BLENDER_HOME.": (
        "ジャーナルではないか、破損しています。削除せずに別のフォルダーへ移すか、MINT_BLENDER_HOME を設定してください。"
    ),
    "It is damaged. Do not delete it: move it to another folder, or set MINT_BLENDER_HOME.": (
        "破損しています。削除せずに別のフォルダーへ移すか、MINT_BLENDER_HOME を設定してください。"
    ),
    "Allow writing to it and its folder, or set MINT_BLENDER_HOME.": (
        "このファイルとフォルダーへの書き込みを許可するか、MINT_BLENDER_HOME を設定してください。"
    ),
    "Belongs to another account": "別のアカウントのジョブです",
    "Other accounts: {1} more": "別のアカウント: 他 {1} 件",
    "This job cannot be read: it is damaged, or from a newer version. Update the add-on. Its record is kept.": (
        "このジョブは読み取れません。破損しているか、新しいバージョンのものです。アドオンを更新してください。記録は残っています。"
    ),
    "{1} belongs to another account. Use that account's API key and address to go on with it.": (
        "{1} は別のアカウントのジョブです。続けるには、そのアカウントの API キーとアドレスを入力してください。"
    ),
    "{1}: it is not known yet whose API key is in use. Check the key, then try again.": (
        "{1}: 使用中の API キーがどのアカウントのものか、まだ確認できていません。キーを確認して、もう一度お試しください。"
    ),
    "MINT_API_BASE_URL leads to {1}. Your API key is not sent there until you confirm this address.": (
        "MINT_API_BASE_URL は {1} を指しています。このアドレスを承認するまで、API キーはそこへ送信されません。"
    ),
    "Use My Key There": "このアドレスでキーを使う",
    "Confirmed Addresses": "承認済みのアドレス",
    "Send the API key of the preferences to the address that MINT_API_BASE_URL names, from now on": (
        "プリファレンスの API キーを、今後 MINT_API_BASE_URL のアドレスへ送信します"
    ),
    "MINT_API_BASE_URL leads to {1}, so your stored API key is not sent. Set MINT_API_KEY too, or confirm it in Blender.": (
        "MINT_API_BASE_URL が {1} を指しているため、保存済みの API キーは送信されません。MINT_API_KEY も設定するか、Blender "
        "でこのアドレスを承認してください。"
    ),
    "The job journal {1} cannot be opened ({2}). {3}": "ジョブのジャーナル {1} を開けません ({2})。{3}",
    "The job journal {1} cannot be read or written ({2}). {3}": "ジョブのジャーナル {1} を読み書きできません ({2})。{3}",
}
