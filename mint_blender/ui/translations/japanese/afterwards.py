# SPDX-License-Identifier: GPL-3.0-or-later
"""Japanese texts about what is done with a result afterwards."""

TEXTS = {
    "fbx": "FBX 形式",
    "obj": "OBJ 形式",
    "stl": "STL 形式",
    "usdz": "USDZ 形式",
    "The file that came is no {1} file.": "届いたファイルは {1} ファイルではありません。",
    "Optimizing is for models.": "最適化できるのはモデルだけです。",
    "Only models can be converted.": "変換できるのはモデルだけです。",
    "Choose at least one format.": "形式を 1 つ以上選んでください。",
    "{1} is being converted already ({2}): wait for that, or go on with it.": (
        "{1} はすでに変換中です ({2})。終わるのを待つか、それを再開してください。"
    ),
    "Saved": "保存済み",
    "Converting": "変換中",
    "The model was not optimized. {1}": "モデルは最適化されませんでした。{1}",
    "Mint has made no {1} file of it.": "Mint は {1} ファイルを作成しませんでした。",
    "Mint could not convert the model ({1}): retry, or choose another format.": (
        "Mint はモデルを変換できませんでした ({1})。再試行するか、別の形式を選んでください。"
    ),
    "It has not failed: there is nothing to retry.": "失敗していないため、再試行するものはありません。",
    "FBX": "FBX",
    "OBJ": "OBJ",
    "STL": "STL",
    "USDZ": "USDZ",
    "For game engines and most 3D programs": "ゲームエンジンやほとんどの 3D ソフト向け",
    "Plain shapes; nearly every program reads it": "形状のみ。ほぼすべてのソフトで読み込めます",
    "For 3D printing; without colors": "3D プリント向け。色は含まれません",
    "For augmented reality on Apple devices": "Apple 製デバイスの AR 向け",
    "Save this model as FBX, OBJ, STL or USDZ. What Mint has to convert first costs Credits; files of yours are not overwritten": (
        "このモデルを FBX、OBJ、STL、USDZ で保存します。Mint "
        "がまず変換する必要があるものにはクレジットがかかります。既存のファイルは上書きされません"
    ),
    "Convert Model": "モデルを変換",
    "Formats": "形式",
    "One, or several with Shift": "1 つ、または Shift で複数",
    "Where the files are saved": "ファイルの保存先",
    "What Mint has to convert first costs Credits. A file that is there already is not overwritten.": (
        "Mint がまず変換する必要があるものにはクレジットがかかります。既存のファイルは上書きされません。"
    ),
    "A new attempt at what failed at Mint. It costs Credits again": "Mint で失敗したものをもう一度試します。再びクレジットがかかります",
    "Retry Generation": "生成を再試行",
    "Generate this once more with the same settings, or with another prompt. It costs Credits again": (
        "同じ設定、または別のプロンプトでもう一度生成します。再びクレジットがかかります"
    ),
    "Generate Again": "もう一度生成",
    "Another prompt; empty: the same": "別のプロンプト。空の場合は同じもの",
    "The reference picture {1} is no longer on disk.": "参照画像 {1} はディスク上にもうありません。",
    "Put this into the form above, to change it and generate something like it. Nothing is started": (
        "上のフォームに取り込み、変更して似たものを生成できるようにします。何も開始されません"
    ),
    "Use as Draft": "下書きとして使用",
    "{1} reference pictures": "参照画像 {1} 枚",
    "Optimized": "最適化あり",
    "Off": "オフ",
    "Take the model as it was made": "生成されたままのモデルを使用します",
    "Optimize Afterwards": "生成後に最適化",
    "Have Mint make a lighter file of the model, which is taken instead. That costs Credits beside the generation": (
        "Mint にモデルの軽いファイルを作らせ、代わりにそれを使用します。生成とは別にクレジットがかかります"
    ),
    "Saved in {1}": "{1} に保存済み",
    "Open Folder": "フォルダーを開く",
    "Optimize…": "最適化…",
    "Convert…": "変換…",
    "Generate Again…": "もう一度生成…",
    "{1}: the Preview is no longer on disk.": "{1}: プレビューはディスク上にもうありません。",
    "{1} waits for no decision.": "{1} は判断待ちではありません。",
    "Nothing is optimized. {1}": "最適化は行われません。{1}",
    "It costs Credits.": "クレジットがかかります。",
    "It costs about {1} Credits.": "約 {1} クレジットかかります。",
}
