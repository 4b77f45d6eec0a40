# SPDX-License-Identifier: GPL-3.0-or-later
"""Japanese texts about downloaded files."""

TEXTS = {
    "The address of the file leads to this computer or into its network ({1}); it was not downloaded.": (
        "ファイルのアドレスがこのコンピューターまたはそのネットワーク内 ({1}) を指しているため、ダウンロードしませんでした。"
    ),
    "The address of the file has no host name.": "ファイルのアドレスにホスト名がありません。",
    "The address of the file at {1} holds a user name or password; such addresses are not used.": (
        "{1} のファイルのアドレスにユーザー名かパスワードが含まれるため使いません。"
    ),
    "The file host {1} redirects to this computer ({2}); that is not followed.": (
        "ファイルホスト {1} がこのコンピューター ({2}) に転送しようとしましたが、従いません。"
    ),
    "The file at {1} is offered by “{2}” instead of https; it was not downloaded.": (
        "{1} のファイルは https ではなく「{2}」で提供されているため、ダウンロードしませんでした。"
    ),
    "an unnamed host": "名前のないホスト",
    "a file from an unreadable address": "読めないアドレスのファイル",
    "{1} from {2}": "{1} ({2})",
    "a file": "ファイル",
    "The address of the file cannot be read.": "ファイルのアドレスを読み取れません。",
    "The original file was taken instead of the optimized one: {1}.": "最適化ファイルの代わりに元のファイルを使いました: {1}。",
    "Mint offers only an optimized file, and it may not open here: {1}.": (
        "Mint には最適化ファイルしかなく、ここでは開けないかもしれません: {1}。"
    ),
    "a decoder for Draco-compressed meshes": "Draco 圧縮メッシュのデコーダー",
    "The builds from blender.org have it; elsewhere install DracoPy (pip install mint-blender[draco]), or take the original file.": (
        "blender.org のビルドには含まれます。それ以外は DracoPy を入れる (pip install mint-blender[draco]) "
        "か、元のファイルを使ってください。"
    ),
    "WebP pictures in models": "モデル内の WebP 画像",
    "Take a build of Blender with WebP, as those from blender.org are, or the original file.": (
        "blender.org のビルドのように WebP に対応した Blender か、元のファイルを使ってください。"
    ),
    "KTX2 (Basis Universal) pictures": "KTX2 (Basis Universal) 画像",
    "No Blender reads them yet; take the original file.": "対応する Blender はまだありません。元のファイルを使ってください。",
    "a decoder for meshopt-compressed meshes": "meshopt 圧縮メッシュのデコーダー",
    "Few builds of Blender have one; take the original file.": "これを備えたビルドはわずかです。元のファイルを使ってください。",
    "This Blender lacks {1}. {2}": "この Blender にないもの: {1}。{2}",
    "this Blender lacks {1}": "この Blender にないもの: {1}",
    "{1} and {2}": "{1}、{2}",
    "a buffer in it is marked as {1}": "中のバッファーが {1} と記されています",
    "a buffer in it claims {1} bytes, but has {2}": "中のバッファーは {1} バイトとされていますが、{2} バイトです",
    "a picture in it, marked as {1}, is none": "{1} と記された画像が画像ではありません",
    "a picture in it is marked as {1}, but is {2}": "画像が {1} と記されていますが、{2} です",
    "it points to something outside the file": "ファイルの外を参照しています",
    "it holds data in a form that cannot be read": "読めない形式のデータが含まれています",
    "{1} cannot be imported: {2}.": "{1} をインポートできません: {2}。",
    "{1} could not be read: {2}.": "{1} を読み込めませんでした: {2}。",
    "more chunks follow than were looked at": "調べた数より多くのチャンクが続いています",
    "its first chunk is not JSON": "最初のチャンクが JSON ではありません",
    "its JSON has {1} bytes, more than the {2} that are read": "JSON が {1} バイトで、上限の {2} を超えています",
    "its chunks are in the wrong order": "チャンクの順序が違います",
    "it has no JSON": "JSON がありません",
    "it ends in the middle of a chunk header": "チャンクヘッダーの途中で終わっています",
    "a chunk claims {1} bytes and reaches beyond the end of the file": "チャンクが {1} バイトとされ、ファイルの終わりを超えています",
    "the length of a chunk is not a multiple of four": "チャンクの長さが 4 の倍数ではありません",
    "it has too many chunks": "チャンクが多すぎます",
    "the file is empty": "ファイルが空です",
    "it is a web page instead of a GLB; the link may have expired": "GLB ではなくウェブページです。リンクの期限が切れたかもしれません",
    "it is a text (JSON) instead of a GLB": "GLB ではなくテキスト (JSON) です",
    "it is not a GLB": "GLB ではありません",
    "it is cut off in its header": "ヘッダーの途中で切れています",
    "it is GLB version {1}, and only version 2 can be read": "GLB バージョン {1} です。読めるのはバージョン 2 だけです",
    "it is cut off: {1} of {2} bytes are there": "途中で切れています: {2} バイト中 {1} バイトしかありません",
    "it has {1} bytes, more than the {2} that are accepted": "{1} バイトで、上限の {2} を超えています",
    "its JSON is nested too deeply": "JSON の入れ子が深すぎます",
    "its JSON is broken": "JSON が壊れています",
    "its JSON is not an object": "JSON がオブジェクトではありません",
    "a text in its JSON is broken": "JSON の中の文字列が壊れています",
    "NaN and Infinity are not JSON": "NaN と Infinity は JSON ではありません",
    "it is not glTF 2.0": "glTF 2.0 ではありません",
    "a buffer claims to unpack to {1} bytes": "バッファーの展開後が {1} バイトとされています",
    "a buffer has no bytes in the file": "バッファーのデータがファイルにありません",
    "a buffer claims {1} bytes, but the file holds {2}": "バッファーは {1} バイトとされていますが、ファイルには {2} バイトしかありません",
    "a packed part of it claims to unpack to more than there is room for": "圧縮された部分の展開後のサイズが大きすぎます",
    "a part of it lies outside its bytes": "一部がデータの範囲外にあります",
    "it holds numbers of an unknown kind": "未知の種類の数値が含まれています",
    "it shows {1} objects; that is more than is accepted": "オブジェクトが {1} 個あり、上限を超えています",
    "it claims to be made of more than is accepted, by using the same numbers over and over": (
        "同じ数値を何度も使うことで、上限を超える量のデータがあるとされています"
    ),
    "it claims {1} values in one place; that is more than is accepted": "1 か所に {1} 個の値があるとされ、上限を超えています",
    "it claims more values than its bytes can hold": "データに入りきらない数の値があるとされています",
    "the size of a mesh is no number": "メッシュの大きさが数値ではありません",
    "a picture in it is marked as something else": "画像が別の種類として記されています",
    "the place of a node is no number": "ノードの位置が数値ではありません",
    "a node has two parents": "ノードに親が 2 つあります",
    "its nodes are nested too deeply": "ノードの入れ子が深すぎます",
    "its nodes go round in a circle": "ノードが循環しています",
    "it has {1} vertices and {2} triangles; that is more than is accepted": "頂点が {1}、三角形が {2} あり、上限を超えています",
    "{1} is not complete: {2}.": "{1} は完全ではありません: {2}。",
    "it contains no triangles, lines or points": "三角形も線も点も含まれていません",
    "the places of its vertices are not three numbers each": "頂点の位置が 3 つの数値ではありません",
    "the corners of its triangles are not whole numbers": "三角形の角が整数ではありません",
    "it has {1} “{2}”, more than is accepted": "「{2}」が {1} あり、上限を超えています",
    "“{1}” points to something that is not there": "「{1}」が存在しないものを参照しています",
    "“{1}” in its JSON is not what it should be": "JSON の「{1}」が正しくありません",
    "{1} was written to by another download at the same time. Fetch it again.": (
        "{1} に別のダウンロードが同時に書き込みました。もう一度取得してください。"
    ),
    "The disk of {1} has {2} left, and {3} are needed. Make room, then try again.": (
        "{1} のディスクの空きは {2} で、{3} が必要です。空きを作ってもう一度お試しください。"
    ),
    "The disk is full: {1} could not be written. Make room, then try again.": (
        "ディスクがいっぱいで {1} を書き込めませんでした。空きを作ってもう一度お試しください。"
    ),
    "{1} may not be written. Choose another folder or change its permissions.": (
        "{1} への書き込みが許可されていません。別のフォルダーを選ぶか、権限を変更してください。"
    ),
    "{1} could not be written: {2}.": "{1} を書き込めませんでした: {2}。",
    "{1} cannot be imported: its JSON has {2} bytes, more than are read.": (
        "{1} をインポートできません。JSON が {2} バイトで、上限を超えています。"
    ),
    "{1} could not be looked at: the connection failed. Try again later.": (
        "{1} を確認できませんでした。接続に失敗しました。後でもう一度お試しください。"
    ),
    "{1} was redirected too often.": "{1} の転送回数が多すぎます。",
    "{1} is not there (HTTP {2}). The link may have expired; refresh the library.": (
        "{1} がありません (HTTP {2})。リンクの期限が切れたかもしれません。ライブラリを更新してください。"
    ),
    "{1} could not be looked at (HTTP {2}). Try again later.": "{1} を確認できませんでした (HTTP {2})。後でもう一度お試しください。",
    "The picture": "画像",
    "{1} is empty.": "{1} は空です。",
    "{1} is cut off: its header is incomplete.": "{1} は途中で切れています。ヘッダーが不完全です。",
    "{1} is damaged: {2}.": "{1} は壊れています: {2}。",
    "{1} claims to be {2} × {3} pixels; that is not shown.": "{1} は {2} × {3} ピクセルとされているため、表示しません。",
    "{1} is a web page or a message instead of a picture; the link may have expired.": (
        "{1} は画像ではなくウェブページかメッセージです。リンクの期限が切れたかもしれません。"
    ),
    "{1} is in the format {2}. Of downloaded pictures only PNG, JPEG, WebP and HDR are opened.": (
        "{1} の形式は {2} です。ダウンロードした画像のうち、開けるのは PNG、JPEG、WebP、HDR だけです。"
    ),
    "{1} is not a picture of a kind that Blender opens.": "{1} は Blender で開ける種類の画像ではありません。",
    "its header does not end": "ヘッダーに終わりがありません",
    "its header holds more than a header should": "ヘッダーに余分な内容があります",
    "its header does not tell the size": "ヘッダーにサイズが書かれていません",
    "a picture in it is neither PNG nor JPEG nor WebP": "中の画像が PNG、JPEG、WebP のいずれでもありません",
    "its first chunk is not a PNG header": "最初のチャンクが PNG ヘッダーではありません",
    "a JPEG marker is missing": "JPEG マーカーがありません",
    "its JPEG frame header is missing": "JPEG フレームヘッダーがありません",
    "it is a RIFF file, but no WebP": "RIFF ファイルですが WebP ではありません",
    "its first WebP frame is no key frame": "最初の WebP フレームがキーフレームではありません",
    "its lossless WebP header is wrong": "可逆 WebP のヘッダーが正しくありません",
    "its first WebP chunk is unknown": "最初の WebP チャンクが未知のものです",
    "the box ends before it begins": "ボックスの終わりが始まりより前にあります",
    "a place must be three finite numbers": "位置は 3 つの有限な数値でなければなりません",
    "the {1} must be a number above zero": "{1} は 0 より大きい数値でなければなりません",
    "The splat file {1} cannot be opened ({2}).": "スプラットファイル {1} を開けません ({2})。",
    "is empty": "は空です",
    "is a web page": "はウェブページです",
    "does not begin like an SPZ file": "は SPZ ファイルの形式で始まっていません",
    "The splat file {1} {2}. Download it again.": "スプラットファイル {1} {2}。もう一度ダウンロードしてください。",
    "The splat file {1} says that it holds {2} splats, more than {3} bytes can hold. Download it again.": (
        "スプラットファイル {1} は {2} 個のスプラットとされていますが、{3} バイトには入りません。もう一度ダウンロードしてください。"
    ),
    "The splat file {1} has extension records that are cut short. Download it again.": (
        "スプラットファイル {1} の拡張レコードは途中で切れています。もう一度ダウンロードしてください。"
    ),
    "The splat file {1} names two different coordinate systems. Download it again.": (
        "スプラットファイル {1} は二つの異なる座標系を指定しています。もう一度ダウンロードしてください。"
    ),
    "The splat file {1} has a coordinate system record of the wrong size. Download it again.": (
        "スプラットファイル {1} の座標系レコードのサイズが正しくありません。もう一度ダウンロードしてください。"
    ),
    "The splat file {1} uses coordinate system {2}, which is not known here. Look for a newer version of this add-on.": (
        "スプラットファイル {1} は座標系 {2} を使っていますが、ここでは未知のものです。このアドオンの新しいバージョンを探してください。"
    ),
    "The splat file {1} contradicts itself: its parts are not as long as {2} splats need. Download it again.": (
        "スプラットファイル {1} は矛盾しています。各部の長さがスプラット {2} 個分と合いません。もう一度ダウンロードしてください。"
    ),
    "The splat file {1} is longer than it says. Download it again.": (
        "スプラットファイル {1} は記載より長いです。もう一度ダウンロードしてください。"
    ),
    "The file {1} does not hold splats. Download it again.": "ファイル {1} にスプラットがありません。もう一度ダウンロードしてください。",
    "The splat file {1} is of SPZ version {2}; versions 1 to 4 can be read. Look for a newer version of this add-on.": (
        "スプラットファイル {1} は SPZ バージョン {2} です。読めるのは 1～4 です。アドオンの新しいバージョンを探してください。"
    ),
    "The splat file {1} has a header that makes no sense. Download it again.": (
        "スプラットファイル {1} のヘッダーが正しくありません。もう一度ダウンロードしてください。"
    ),
    "The splat file {1} holds no splats.": "スプラットファイル {1} にスプラットがありません。",
    "The splat file {1} says that it holds {2} splats; at most {3} are read. Choose a smaller quality of this World.": (
        "スプラットファイル {1} は {2} 個のスプラットとされています。読めるのは {3} 個までです。このワールドの低い品質を選んでください。"
    ),
    "The splat file {1} holds more than its header says. Download it again.": (
        "スプラットファイル {1} にはヘッダーの記載より多くのデータがあります。もう一度ダウンロードしてください。"
    ),
    "The splat file {1} is damaged ({2}). Download it again.": (
        "スプラットファイル {1} は壊れています ({2})。もう一度ダウンロードしてください。"
    ),
    "This splat file is packed with Zstandard, and this Python has no module for it. Install the package zstandard.": (
        "このスプラットファイルは Zstandard で圧縮されていますが、この Python に対応モジュールがありません。zstandard "
        "パッケージを入れてください。"
    ),
    "The splat file {1} is cut short. Download it again.": (
        "スプラットファイル {1} は途中で切れています。もう一度ダウンロードしてください。"
    ),
    "The splat file {1} has splats whose place is not a number. Download it again.": (
        "スプラットファイル {1} に位置が数値でないスプラットがあります。もう一度ダウンロードしてください。"
    ),
    "a job id must consist of letters, digits, _ and -": "ジョブ ID に使えるのは英数字、_ と - だけです",
    "The download of {1} was stopped; it can go on later where it stopped.": "{1} のダウンロードを止めました。後で続きから再開できます。",
    "The download of {1} took too long and was ended. Trying again goes on where it stopped.": (
        "{1} のダウンロードに時間がかかりすぎたため終了しました。再試行すると続きから始まります。"
    ),
    "{1} is larger than {2} MB, the limit for such a file; it was not downloaded.": (
        "{1} は上限の {2} MB を超えるため、ダウンロードしませんでした。"
    ),
    "The file host moved {1} without saying where to.": "ファイルホストが {1} を移動しましたが、移動先が示されていません。",
    "{1} was redirected more than {2} times; the download was given up.": (
        "{1} は {2} 回を超えて転送されたため、ダウンロードを中止しました。"
    ),
    "{1} was not downloaded: the CA bundle that REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE names cannot be read.": (
        "{1} をダウンロードしませんでした。REQUESTS_CA_BUNDLE、CURL_CA_BUNDLE、SSL_CERT_FILE のいずれかが指す CA バンドルを読めません。"
    ),
    "{1} changed at the file host while it was being downloaded; trying again starts over.": (
        "{1} がダウンロード中に変更されました。再試行すると最初から始まります。"
    ),
    "{1} is not there (HTTP {2}). The link may have expired; a fresh one can be asked for at Mint.": (
        "{1} がありません (HTTP {2})。リンクの期限が切れたかもしれません。Mint から新しいリンクを取得できます。"
    ),
    "The file host could not deliver {1} just now (HTTP {2}). Try again later.": (
        "ファイルホストは今 {1} を配信できません (HTTP {2})。後でもう一度お試しください。"
    ),
    "The file host refused to deliver {1} (HTTP {2}).": "ファイルホストが {1} の配信を拒否しました (HTTP {2})。",
    "The file host sent nothing for {1}. Try again later.": (
        "ファイルホストが {1} について何も送ってきませんでした。後でもう一度お試しください。"
    ),
    "The file host sent {1} packed in a way nobody asked for ({2}).": (
        "ファイルホストが {1} を求めていない形式 ({2}) で圧縮して送りました。"
    ),
    "The file host sent {1} packed, and it could not be unpacked.": "ファイルホストが圧縮して送った {1} を展開できませんでした。",
    "The connection broke while {1} was being downloaded. Trying again goes on where it stopped.": (
        "{1} のダウンロード中に接続が切れました。再試行すると続きから始まります。"
    ),
    (
        "The certificate of {1} was not accepted, so {2} was not downloaded. Behind a proxy that opens connections, name its CA "
        "bundle in REQUESTS_CA_BUNDLE."
    ): (
        "{1} の証明書が受け付けられず、{2} をダウンロードしませんでした。通信を中継するプロキシの場合は REQUESTS_CA_BUNDLE にその "
        "CA バンドルを指定してください。"
    ),
    "The proxy did not let {1} through. Check HTTPS_PROXY and NO_PROXY.": (
        "プロキシが {1} を通しませんでした。HTTPS_PROXY と NO_PROXY を確認してください。"
    ),
    "Nothing of {1} arrived for {2} s. Trying again goes on where it stopped.": (
        "{1} が {2} 秒間届きませんでした。再試行すると続きから始まります。"
    ),
    "{1} could not be reached, or the connection broke, while {2} was being downloaded. Check the network, then try again.": (
        "{2} のダウンロード中に {1} に接続できないか、接続が切れました。ネットワークを確認してもう一度お試しください。"
    ),
    "The address of {1} cannot be used.": "{1} のアドレスは使えません。",
    "The file requires {1}, which this Blender's importer does not know. Take the original file, or a newer Blender.": (
        "このファイルは {1} を必要としますが、この Blender のインポーターは対応していません。元のファイルか新しい Blender "
        "を使ってください。"
    ),
    "its pictures have more than {1} pixels in all; that is more than is accepted": "画像の合計が {1} ピクセルを超え、上限を超えています",
    "a picture in it": "中の画像",
    "{1} is cut off: its end is missing.": "{1} は途中で切れています。末尾がありません。",
    "{1} is a drawing made of lines, not of pixels: save it as PNG in the program that it comes from.": (
        "{1} はピクセルではなく線で描かれた図です。作成元のプログラムで PNG として保存してください。"
    ),
}
