# SPDX-License-Identifier: GPL-3.0-or-later
"""Japanese texts about what comes into the scene."""

TEXTS = {
    "There is no model file of {1} on disk. Fetch it again: that costs nothing.": (
        "{1} のモデルファイルがディスク上にありません。もう一度取得してください。料金はかかりません。"
    ),
    "Imported without our check: {1}": "検査なしでインポートしました: {1}",
    "The {1} file of {2} is no longer on disk. Fetch it again: that costs nothing.": (
        "{2} のファイル ({1}) がディスクにありません。もう一度取得してください (無料です)。"
    ),
    "Mint": "Mint",
    "The collider {1} has no surface: not one triangle arrived. The file is kept; nothing was imported.": (
        "コリジョンメッシュ {1} に面がありません。三角形が 1 つも届きませんでした。ファイルは残し、何もインポートしていません。"
    ),
    "“{1}” is damaged: a part compressed with Draco cannot be decoded. Download the model again.": (
        "「{1}」は壊れています。Draco 圧縮された部分をデコードできません。モデルをもう一度ダウンロードしてください。"
    ),
    "{1} has {2} numbers a vertex, not {3} as it says": "{1} の頂点ごとの数値は {2} 個で、記載の {3} 個と合いません",
    "A part compressed with Draco announces {1} triangles, more than the {2} that are accepted.": (
        "Draco 圧縮された部分の三角形が {1} 個とされ、上限の {2} を超えています。"
    ),
    "“{1}” holds no objects. The file is kept; nothing was imported.": (
        "「{1}」にオブジェクトがありません。ファイルは残し、何もインポートしていません。"
    ),
    "“{1}” cannot be imported. {2} The file is kept; nothing was imported.": (
        "「{1}」をインポートできません。{2} ファイルは残し、何もインポートしていません。"
    ),
    "{1} The file is kept; nothing was imported.": "{1} ファイルは残し、何もインポートしていません。",
    "Blender could not read “{1}”: {2}. The file is kept; nothing was imported.": (
        "Blender は「{1}」を読めませんでした: {2}。ファイルは残し、何もインポートしていません。"
    ),
    "Blender could not read “{1}” and gave no reason. The file is kept; nothing was imported.": (
        "Blender は「{1}」を読めませんでした (理由不明)。ファイルは残し、何もインポートしていません。"
    ),
    "The scene “{1}” is linked from another file and cannot be changed. Switch to a scene of this file.": (
        "シーン「{1}」は別のファイルからリンクされていて変更できません。このファイルのシーンに切り替えてください。"
    ),
    "You had edited “{1}”: the edited one is kept, hidden, as “{2}”.": (
        "「{1}」は編集されていました。編集したものは「{2}」として非表示で残してあります。"
    ),
    "You have edited “{1}”. It will be replaced; the edited one is kept, hidden, as “{2} (earlier)”.": (
        "「{1}」は編集されています。置き換えられますが、編集したものは「{2} (earlier)」として非表示で残ります。"
    ),
    "You have edited {1} parts of this model. They will be replaced; the edited ones are kept, hidden, as “(earlier)”.": (
        "このモデルの{1}個のパーツは編集されています。置き換えられますが、編集したものは「(earlier)」として非表示で残ります。"
    ),
    "Mint: {1}": "Mint: {1}",
    "“{1}” has no surface: not one vertex arrived. The file is kept; nothing was imported.": (
        "「{1}」に面がありません。頂点が 1 つも届きませんでした。ファイルは残し、何もインポートしていません。"
    ),
    "The model cannot be placed like that: {1}. Nothing was imported.": (
        "モデルをそのように配置できません: {1}。何もインポートしていません。"
    ),
    "Blender cannot read the panorama {1}. Download it again.": "Blender はパノラマ {1} を読めません。もう一度ダウンロードしてください。",
    "The panorama {1} is {2} × {3} pixels. A picture of all directions is twice as wide as high: not used.": (
        "パノラマ {1} は {2} × {3} ピクセルです。全方位の画像は幅が高さの 2 倍のはずなので、使いません。"
    ),
    "“{1}” is linked from another file and can be replaced only there. Nothing was changed.": (
        "「{1}」は別のファイルからリンクされていて、そこでしか置き換えられません。何も変更していません。"
    ),
    "“{1}” is being worked on in {2} Mode. Leave it, then replace the model.": (
        "「{1}」は{2}モードで編集中です。モードを抜けてからモデルを置き換えてください。"
    ),
    "“{1}” now carries several moving parts; its own modifiers have nothing to work on.": (
        "「{1}」は複数の動く部品を持つようになり、自身のモディファイアーの対象がなくなりました。"
    ),
    "This is Blender {1}; splats of its own come with Blender 5.3. Open the file there and try again.": (
        "これは Blender {1} です。独自のスプラットは Blender 5.3 からです。そこでファイルを開いてもう一度お試しください。"
    ),
    "“{1}” holds no splats.": "「{1}」にスプラットがありません。",
    "The picture “{1}” could not be rendered: {2}. What was imported is unchanged.": (
        "画像「{1}」をレンダリングできませんでした: {2}。インポートしたものはそのままです。"
    ),
    "{1}: {2} (job {3})": "{1}: {2} (ジョブ {3})",
    "Nothing of this World can be shown: there is no collider, no panorama and no file of splats.": (
        "このワールドには表示できるものがありません。コリジョンメッシュもパノラマもスプラットファイルもありません。"
    ),
    "if it hangs upside down, flip it.": "上下が逆なら反転してください。",
    "The collider does not tell which way is up, so it was taken as Mint makes them; {1}": (
        "コリジョンメッシュからは上の向きがわからないため、Mint の標準の向きにしました。{1}"
    ),
    "The collider of this World was upright already, so it was not turned over; {1}": (
        "このワールドのコリジョンメッシュはすでに正しい向きだったため、反転していません。{1}"
    ),
    "“{1}” could not be written: {2}. What was imported is unchanged.": (
        "「{1}」を書き込めませんでした: {2}。インポートしたものはそのままです。"
    ),
    "This world came without a collider mesh.": "このワールドにはコリジョンメッシュがありませんでした。",
    "This world came without a panorama.": "このワールドにはパノラマがありませんでした。",
    "The splats of this World were left out; their addresses ({1}) are on its root.": (
        "このワールドのスプラットは省きました。アドレス ({1}) はルートオブジェクトにあります。"
    ),
    "Blender cannot read RAD; its address is the custom property {1}rad of the root.": (
        "Blender は RAD を読めません。アドレスはルートのカスタムプロパティ {1}rad にあります。"
    ),
    "No RAD file came with this World.": "このワールドには RAD ファイルがありませんでした。",
    "It is out of sight: the collection “{1}” is switched off. Switch it on in the Outliner to see it.": (
        "コレクション「{1}」がオフのため見えません。アウトライナーでオンにしてください。"
    ),
    "The {1} of the earlier version went with it: the new version brings none.": (
        "以前の版の{1}はなくなりました。新しい版には含まれていません。"
    ),
    "The collider cannot become a rigid body: the scene's rigid bodies are in the collection “{1}”, which comes from another file. "
    "Choose another one in Properties > Scene > Rigid Body World.": (
        "コリジョンメッシュをリジッドボディにできません。シーンのリジッドボディは別のファイルのコレクション「{1}」にあります。"
        "「プロパティ > シーン > リジッドボディワールド」で別のものを選んでください。"
    ),
    "Something in the import went wrong ({1}). Nothing is lost: place it again, or copy the report.": (
        "インポート中に問題が起きました ({1})。失われたものはありません。もう一度配置するか、レポートをコピーしてください。"
    ),
    "“{1}” has no counterpart in the new version: what was set on it went with it ({2}).": (
        "「{1}」に当たるものが新しい版になく、設定も失われました ({2})。"
    ),
    "The new version of “{1}” lacks bones that something of yours hung on: {2}.": (
        "「{1}」の新しい版には、使われていたボーンがありません: {2}。"
    ),
    "“{1}” shows a new mesh, on which this of yours has no place: {2}.": (
        "「{1}」は新しいメッシュになり、次のものは引き継げませんでした: {2}。"
    ),
    "“{1}” keeps your action; that of the new version is kept in the file as “{2}”.": (
        "「{1}」は元のアクションのままです。新しい版のアクションは「{2}」としてファイルに残ります。"
    ),
    "“{1}” is a library override: its model is in another file and can be replaced only there. Nothing was changed.": (
        "「{1}」はライブラリオーバーライドです。モデル本体は別のファイルにあり、そこでのみ置き換えられます。何も変更していません。"
    ),
    "What you changed on the earlier version is kept in the file as “{1}”; the new version brings its own.": (
        "以前の版に加えた変更は「{1}」としてファイルに残ります。新しい版には新しいものが付きます。"
    ),
    "It is out of sight as long as the 3D Viewport shows the Local View. Leave that with View > Local View.": (
        "3Dビューポートがローカルビューの間は見えません。ビュー > ローカルビュー で解除してください。"
    ),
}
